"""Write the teacher's guide into docs/teaching.

python -m tests.lessons.guide
python -m tests.lessons.guide 4      # only the page of notebook 4, and the plans
"""

import os
import sys

from tests.lessons.guide.notebook import Guided
from tests.lessons.guide.page import page
from tests.lessons.guide.plans import plans_page
from tests.notebooks.outputs import ROOT

TEACHING = ROOT / "docs" / "teaching"


def main() -> None:
    """Write a page for each notebook asked for, and the plans."""
    os.environ["COURSE_LIVE"] = "static"  # what is tried here is no learner's progress
    notebooks = [Guided(number) for number in range(1, 7)]
    wanted = set(sys.argv[1:]) or {str(one.number) for one in notebooks}
    for one in notebooks:
        if str(one.number) in wanted:
            file = TEACHING / f"0{one.number}_{one.name}.md"
            file.write_text(page(one), "utf-8")
            print(f"{file.relative_to(ROOT)}: {one.timed.core} min")
    (TEACHING / "plans.md").write_text(plans_page(notebooks), "utf-8")


if __name__ == "__main__":
    main()
