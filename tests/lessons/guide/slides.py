"""Slides from a notebook: one page of HTML that needs no network.

    python -m tests.lessons.guide.slides 4

It writes slides-04.html beside you. Each heading begins a slide, and each run of code
ends one; exercises and the set-up stay in the notebook. Arrow keys turn the pages.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from nbconvert import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from course_utils.teaching.minutes import headings
from course_utils.teaching.quiz import Predict
from tests.lessons.guide.notebook import Guided
from tests.notebooks.outputs import NOTEBOOKS

STAYS = ("exercise", "solution", "setup")
PAGE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --code: #f3f5f7;
  --jp-content-font-color1: var(--ink); --jp-content-font-size1: 1em }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e8eaed; --paper: #14171a;
  --code: #22272c }} }}
html {{ scroll-snap-type: y proximity; font: 24px/1.45 system-ui, sans-serif;
  color: var(--ink); background: var(--paper) }}
body {{ margin: 0 }}
section {{ scroll-snap-align: start; min-height: 100vh; box-sizing: border-box;
  padding: 2.5rem max(2.5rem, calc(50vw - 24rem)); break-after: page }}
pre {{ background: var(--code); padding: .6rem .9rem; border-radius: .3rem;
  font-size: .7em; line-height: 1.4; overflow-x: auto; white-space: pre-wrap }}
img, svg {{ max-width: 100%; height: auto }}
table {{ border-collapse: collapse; font-size: .8em }}
th, td {{ text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #8886 }}
a {{ color: inherit }}
.anchor-link, .jp-InputPrompt, .jp-OutputPrompt {{ display: none }}
</style></head><body>
{slides}
<script>
addEventListener("keydown", event => {{
  const way = {{ ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }}[event.key];
  if (!way) return;
  event.preventDefault();
  const all = [...document.querySelectorAll("section")];
  const now = all.findLastIndex(s => s.getBoundingClientRect().top < innerHeight / 2);
  const rest = all[now].getBoundingClientRect().bottom - innerHeight;
  if (way > 0 && rest > 40) return scrollBy(0, Math.min(rest, innerHeight * 0.8));
  all[Math.min(Math.max(now + way, 0), all.length - 1)].scrollIntoView();
}});
</script></body></html>
"""


def slides(guided: Guided) -> list[list[NotebookNode]]:
    """The notebook's cells, a list for each slide."""
    found: list[list[NotebookNode]] = []
    exercise = False
    for cell in guided.notebook.cells:
        title = next(headings(cell), "")
        if title:
            exercise = "Your turn" in title
        if exercise or set(cell.metadata.get("tags", [])) & set(STAYS):
            continue
        if not found or title or _turns(found[-1][-1], cell, guided):
            found.append([])
        found[-1].append(cell)
    return found


def _turns(before: NotebookNode, cell: NotebookNode, guided: Guided) -> bool:
    """A slide ends with its code; a question stands alone."""
    return before.cell_type == "code" or _asks(cell, guided)


def _asks(cell: NotebookNode, guided: Guided) -> bool:
    name = cell.source.removeprefix("lesson.")
    return isinstance(getattr(guided.lesson, name, None), Predict)


def as_page(guided: Guided) -> str:
    """All slides as one page, with pictures inside."""
    exporter = HTMLExporter(
        template_name="basic",
        embed_images=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    about = {"metadata": {"path": str(NOTEBOOKS)}}
    parts = []
    for cells in slides(guided):
        whole = new_notebook(cells=cells, metadata=guided.notebook.metadata)
        body, _ = exporter.from_notebook_node(whole, resources=dict(about))
        parts.append(f"<section>\n{_without_scripts(body)}\n</section>")
    return PAGE.format(title=guided.title, slides="\n".join(parts))


def _without_scripts(body: str) -> str:
    """Nothing that a slide would load or run: widgets stay in the notebook."""
    return re.sub(r"<script\b.*?</script>", "", body, flags=re.DOTALL)


def written(numbers: list[int], folder: Path) -> Iterator[Path]:
    """Write the slides of these notebooks."""
    for number in numbers:
        file = folder / f"slides-0{number}.html"
        file.write_text(as_page(Guided(number)), "utf-8")
        yield file


def main() -> None:
    """Write the slides of the notebooks asked for, or of all six."""
    parser = argparse.ArgumentParser(prog="python -m tests.lessons.guide.slides")
    parser.add_argument("numbers", type=int, nargs="*", choices=range(1, 7), default=[])
    asked = parser.parse_args()
    for file in written(asked.numbers or list(range(1, 7)), Path.cwd()):
        print(file.resolve().as_uri())


if __name__ == "__main__":
    main()
