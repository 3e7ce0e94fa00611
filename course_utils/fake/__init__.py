"""A model that says what it is told, as slowly and as badly as it is told.

A script of replies is played in this process, or by a server over real HTTP.

    model = FakeStreamingChatModel(replies=Reply("Hello.", first_token=2.0))
"""

from course_utils.fake.model import FakeStreamingChatModel
from course_utils.fake.reply import Reply
from course_utils.fake.reply_fields import ToolCall
from course_utils.fake.server.server import FakeServer
from course_utils.fake.your_model import your_model

__all__ = ["FakeServer", "FakeStreamingChatModel", "Reply", "ToolCall", "your_model"]
