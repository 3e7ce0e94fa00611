"""A chat model that survives bad days: retries, deadlines, fallbacks, whole answers.

It is a chat model itself, so chains and agents get all that for free.

    model = reliable(ChatOpenAI(...), fallbacks=[backup])
"""

from course_utils.reliability.deadlines import StreamTimeout
from course_utils.reliability.errors import StreamBroken, StreamError
from course_utils.reliability.model import reliable
from course_utils.reliability.truncation import StreamTruncated

__all__ = [
    "StreamBroken",
    "StreamError",
    "StreamTimeout",
    "StreamTruncated",
    "reliable",
]
