"""The frame that every notebook keeps: a core, and sections that may be skipped.

Like `house_style`, these are rules a test can hold: each looks at one notebook and
yields a sentence for each fault.
"""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from course_utils.teaching.minutes import FURTHER, headings
from tests.notebooks.notebook_code import code_cells, tags, text_cells
from tests.notebooks.outputs import NOTEBOOKS

CORE_CELLS = 45
FOLDED = "jp-MarkdownHeadingCollapsed"
AFTER = ("## In production", "## What you take away")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def core_of(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that come before *Going further*."""
    sources = [cell.source.partition("\n")[0].strip() for cell in notebook.cells]
    end = sources.index(FURTHER) if FURTHER in sources else len(sources)
    return list(notebook.cells[:end])


def further_of(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells of *Going further*, its own heading first."""
    rest = notebook.cells[len(core_of(notebook)) :]
    for count, cell in enumerate(rest):
        if count and re.match(r"## \S", cell.source):
            return list(rest[:count])
    return list(rest)


def the_core_is_short(notebook: NotebookNode) -> Iterator[str]:
    cells = len(core_of(notebook))
    if cells > CORE_CELLS:
        yield f"the core has {cells} cells, at most {CORE_CELLS}"


def there_is_a_way_further(notebook: NotebookNode) -> Iterator[str]:
    headings = [cell.source.partition("\n")[0] for cell in text_cells(notebook)]
    if headings.count(FURTHER) != 1:
        yield f"{headings.count(FURTHER)} cells begin with {FURTHER!r}, exactly 1"
    if not any(cell.source.startswith("### ") for cell in further_of(notebook)):
        yield "no section stands under Going further"


def sections_open_folded(notebook: NotebookNode) -> Iterator[str]:
    for cell in further_of(notebook):
        opens = cell.cell_type == "markdown" and cell.source.startswith("### ")
        if opens != bool(cell.metadata.get(FOLDED)):
            yield f"{cell.id}: a section of Going further, and only that, has {FOLDED}"


def its_last_parts_come_in_order(notebook: NotebookNode) -> Iterator[str]:
    headings = [cell.source.partition("\n")[0] for cell in text_cells(notebook)]
    last = [one for one in headings if one in (FURTHER, *AFTER)]
    if last != [FURTHER, *AFTER]:
        yield f"it ends with {[FURTHER, *AFTER]}, got {last}"


def the_core_has_two_or_three_exercises(notebook: NotebookNode) -> Iterator[str]:
    stubs = [c for c in core_of(notebook) if "exercise" in tags(c)]
    if not 2 <= len(stubs) <= 3:
        yield f"the core has {len(stubs)} exercises, two or three"


def an_exercise_follows_a_heading_of_its_own(notebook: NotebookNode) -> Iterator[str]:
    heading = ""
    for cell in notebook.cells:
        heading = ([heading, *headings(cell)])[-1]
        if "exercise" in tags(cell) and not re.match(r"###+ Your turn", heading):
            yield f"{cell.id}: an exercise stands under `### Your turn`, got {heading}"


def links_lead_somewhere(notebook: NotebookNode) -> Iterator[str]:
    for cell in text_cells(notebook):
        for target in LINK.findall(cell.source):
            if "://" not in target and not leads_somewhere(target):
                yield f"{cell.id}: nothing is at {target}"


def leads_somewhere(target: str) -> bool:
    """Whether a link of a notebook names a file that is there, and a heading in it."""
    name, _, anchor = target.partition("#")
    path = NOTEBOOKS / name
    if not name or not path.exists():
        return not name
    if not anchor or path.suffix != ".md":
        return True
    heads = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return anchor in {re.sub(r"[^\w-]", "", h.lower().replace(" ", "-")) for h in heads}


def private_names_stand_in_notebook_6(notebook: NotebookNode) -> Iterator[str]:
    if notebook.cells[0].source.startswith("# 6"):
        return
    for cell in text_cells(notebook):
        for name in re.findall(r"`(?:\w+\.)*_[a-z]\w*(?:\(\))?`", cell.source):
            yield f"{cell.id}: {name} is a library's private name"


def a_technique_links_to_the_glossary(notebook: NotebookNode) -> Iterator[str]:
    if "(glossary.md#" not in "".join(cell.source for cell in text_cells(notebook)):
        yield "no word links to the glossary"


FRAME = (
    the_core_is_short,
    there_is_a_way_further,
    sections_open_folded,
    its_last_parts_come_in_order,
    the_core_has_two_or_three_exercises,
    an_exercise_follows_a_heading_of_its_own,
    links_lead_somewhere,
    private_names_stand_in_notebook_6,
    a_technique_links_to_the_glossary,
)


def frame_faults(notebook: NotebookNode) -> list[str]:
    """Everything in this notebook that is against the frame."""
    return [fault for check in FRAME for fault in check(notebook)]


def asked_first(notebook: NotebookNode) -> int:
    """How many cells ask a question before an experiment."""
    asks = re.compile(r"lesson\.(?!quiz)\w+")
    return sum(bool(asks.fullmatch(c.source.strip())) for c in code_cells(notebook))
