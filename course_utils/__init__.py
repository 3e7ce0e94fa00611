"""The helper package of the course *Streaming in production with LangChain*.

Everything a notebook needs, by name; where a name lives is the folder's listing.

    from course_utils import FakeStreamingChatModel, show
"""

import os

# A proxy in the learner's shell must not stand between a cell and the course's own
# server, and no run of a lesson is sent to a tracing service.
for _variable in ("NO_PROXY", "no_proxy"):
    _hosts = [h for h in os.environ.get(_variable, "").split(",") if h]
    _loopback = [h for h in ("127.0.0.1", "localhost") if h not in _hosts]
    os.environ[_variable] = ",".join(_hosts + _loopback)
os.environ["LANGSMITH_TRACING"] = "false"

from course_utils.clock import Clock, VirtualClock, course_clock  # noqa: E402  # after
from course_utils.fake_model import FakeStreamingChatModel  # noqa: E402  # the settings
from course_utils.replies import Reply, ToolCall  # noqa: E402  # above

__all__ = [
    "Clock",
    "FakeStreamingChatModel",
    "Reply",
    "ToolCall",
    "VirtualClock",
    "course_clock",
]
