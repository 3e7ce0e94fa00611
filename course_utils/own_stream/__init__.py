"""A stream in its reader's hands: how fast the model may be, and when it stops.

However the block is left, the model stops.

    with own_stream(chain.stream("Hi")) as items: ...
"""

from course_utils.own_stream.owned import own_stream
from course_utils.own_stream.turn import Turn, close_calls

__all__ = ["Turn", "close_calls", "own_stream"]
