"""See a stream while it comes: in a notebook as it grows, saved as text and HTML.

Any stream, sync or async, with its state and a Stop button.

    answer = show(model.stream("Hi"))
"""

from course_utils.live.lane import Shown
from course_utils.live.race import Raced, race
from course_utils.live.view import StreamView, show

__all__ = ["Raced", "Shown", "StreamView", "race", "show"]
