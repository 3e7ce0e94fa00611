"""Streams as pictures and figures as tables, with the numbers in words beside them.

A picture has a text of its own: whoever cannot see it reads the same.

    timeline(full, stream, title="The same work, the same end")
"""

from course_utils.plots.picture import curve, timeline
from course_utils.plots.table import table

__all__ = ["curve", "table", "timeline"]
