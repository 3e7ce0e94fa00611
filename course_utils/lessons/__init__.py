"""One module for each notebook, same name: its exercises and its questions.

Importing a lesson means reading the course, so this settles what its notebooks need.
"""

from course_utils.live.display import load_page
from course_utils.offline import stay_offline

stay_offline()
load_page()
