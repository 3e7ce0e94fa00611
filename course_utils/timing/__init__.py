"""When the chunks of a stream arrived, and the figures that follow from it.

Whoever reads through it changes nothing.

    measure(model.stream("Hi")).time_to_first_token
"""

from course_utils.timing.spans import ModelSpan, ToolSpan
from course_utils.timing.stream_timing import StreamTiming, measure

__all__ = ["ModelSpan", "StreamTiming", "ToolSpan", "measure"]
