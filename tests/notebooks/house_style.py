"""The style of the notebooks as rules that a test can hold.

A rule looks at one notebook and yields a sentence for each fault it finds. What the
rules say stands in CONTRIBUTING.md; here it is only made checkable.
"""

import re
from collections.abc import Callable, Iterator
from statistics import median

from nbformat import NotebookNode

from tests.notebooks.notebook_code import (
    calls,
    code_cells,
    compared_text,
    tags,
    text_cells,
    tree_of,
)
from tests.notebooks.outputs import KERNEL, ROOT, WIDGET_VIEW

Rule = Callable[[NotebookNode], Iterator[str]]
RULES: list[Rule] = []


def rule(check: Rule) -> Rule:
    """Put a check on the list of rules."""
    RULES.append(check)
    return check


def faults(notebook: NotebookNode) -> list[str]:
    """Everything in this notebook that is against the style."""
    return [fault for check in RULES for fault in check(notebook)]


def is_compared(cell: NotebookNode) -> bool:
    """Whether nbval compares anything that this cell shows."""
    if {"nbval-ignore-output", "nbval-skip"} & set(tags(cell)):
        return False
    return any(compared_text(output) for output in cell.outputs)


@rule
def it_was_run_from_top_to_bottom(notebook: NotebookNode) -> Iterator[str]:
    counts = [cell.execution_count for cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"not run from top to bottom on a fresh kernel: {counts}"


@rule
def most_outputs_are_compared(notebook: NotebookNode) -> Iterator[str]:
    cells = code_cells(notebook)
    compared = sum(is_compared(cell) for cell in cells)
    if compared <= len(cells) / 2:
        yield f"only {compared} of {len(cells)} code cells have output to compare"


@rule
def in_production_is_a_checklist(notebook: NotebookNode) -> Iterator[str]:
    for cell in text_cells(notebook):
        if cell.source.startswith(("## In production", "## In der Produktion")):
            lines = [line for line in cell.source.splitlines() if line[:2] == "- "]
            if not lines or not all(line.startswith("- [ ] ") for line in lines):
                yield f"{cell.id}: no checklist, each line of which begins with - [ ]"


@rule
def text_is_short(notebook: NotebookNode) -> Iterator[str]:
    lengths = [len(cell.source.split()) for cell in text_cells(notebook)]
    for cell, length in zip(text_cells(notebook), lengths, strict=True):
        if length > 120:
            yield f"{cell.id}: {length} words, at most 120"
    if lengths and median(lengths) > 40:
        yield f"the middle text cell has {median(lengths)} words, at most 40"


@rule
def code_is_short(notebook: NotebookNode) -> Iterator[str]:
    for cell in code_cells(notebook):
        lines = cell.source.splitlines()
        if len(lines) > 25:
            yield f"{cell.id}: {len(lines)} lines, at most 25"
        if any(len(line) > 79 for line in lines):
            yield f"{cell.id}: a line of {max(map(len, lines))} characters, at most 79"


@rule
def it_has_no_install_cell(notebook: NotebookNode) -> Iterator[str]:
    for cell in code_cells(notebook):
        if re.search(r"^\s*[%!]|\bpip install\b", cell.source, re.MULTILINE):
            yield f"{cell.id}: no pip, shell or magic: start.py has installed it all"


@rule
def it_never_waits_for_the_keyboard(notebook: NotebookNode) -> Iterator[str]:
    for cell in code_cells(notebook):
        if re.search(r"\b(input|getpass)\(", cell.source):
            yield f"{cell.id}: input() stops everybody who runs all cells"


@rule
def no_line_ends_in_a_semicolon(notebook: NotebookNode) -> Iterator[str]:
    for cell in code_cells(notebook):
        if any(line.rstrip().endswith(";") for line in cell.source.splitlines()):
            yield f"{cell.id}: nbval shows what a trailing ; hides: write _ = ..."


@rule
def pictures_have_a_text(notebook: NotebookNode) -> Iterator[str]:
    for cell in text_cells(notebook):
        for alt, source in re.findall(r"!\[(.*?)\]\((.*?)\)", cell.source):
            if not alt.strip():
                yield f"{cell.id}: {source} has no alt text"
            if "://" in source:
                yield f"{cell.id}: {source} is not in the repository"
        for image in re.findall(r"<img[^>]*>", cell.source):
            if not re.search(r'alt="[^"]+"', image):
                yield f"{cell.id}: an <img> without alt text"


@rule
def pictures_of_outputs_have_a_text(notebook: NotebookNode) -> Iterator[str]:
    for cell in code_cells(notebook):
        pages = [output.get("data", {}).get("text/html", "") for output in cell.outputs]
        for image in re.findall(r"<img[^>]*>", "".join(pages)):
            if not re.search(r'alt="[^"]+"', image):
                yield f"{cell.id}: a picture without alt text"


@rule
def diagrams_have_a_text(notebook: NotebookNode) -> Iterator[str]:
    for cell in text_cells(notebook):
        for diagram in re.findall(r"```mermaid\n(.*?)```", cell.source, re.DOTALL):
            if "accTitle" not in diagram or "accDescr" not in diagram:
                yield f"{cell.id}: a diagram without accTitle and accDescr"


@rule
def figures_have_a_line_of_text(notebook: NotebookNode) -> Iterator[str]:
    for cell in code_cells(notebook):
        pictures = ["image/png" in output.get("data", {}) for output in cell.outputs]
        if any(pictures) and not is_compared(cell):
            yield f"{cell.id}: a figure without a line of text that says the same"


@rule
def a_question_says_what_to_type(notebook: NotebookNode) -> Iterator[str]:
    for cell in code_cells(notebook):
        shown = " ".join(compared_text(output) for output in cell.outputs)
        if re.search(r"(?<![\w)])\.answer\(", shown):
            yield f"{cell.id}: a question without its name cannot be answered as typed"


@rule
def it_opens_clean_in_jupyterlab(notebook: NotebookNode) -> Iterator[str]:
    if notebook.metadata.get("kernelspec") != KERNEL:
        yield f"kernelspec: {notebook.metadata.get('kernelspec')}, not {KERNEL}"
    if "language_info" not in notebook.metadata:
        yield "language_info is missing"


@rule
def cell_ids_are_readable_and_unique(notebook: NotebookNode) -> Iterator[str]:
    ids = [cell.get("id", "") for cell in notebook.cells]
    for one in sorted(set(ids)):
        if ids.count(one) > 1:
            yield f"{one}: {ids.count(one)} cells have this id"
        random = re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f-]+)?", one)
        if random or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", one):
            yield f"{one}: a cell id is a few words with dashes"


@rule
def nothing_is_left_by_the_machine(notebook: NotebookNode) -> Iterator[str]:
    if "widgets" in notebook.metadata:
        yield "widget state is saved"
    for cell in notebook.cells:
        if {"execution", "ExecuteTime"} & set(cell.metadata):
            yield f"{cell.id}: the time of its execution is saved"
    for cell in code_cells(notebook):
        saved = str(cell.outputs)
        if WIDGET_VIEW in saved:
            yield f"{cell.id}: a widget view is saved, which no new kernel knows"
        if re.search(rf"{ROOT}/|/home/|/Users/|site-packages|/tmp/", saved):
            yield f"{cell.id}: its output names a folder of the author's machine"


@rule
def it_begins_with_its_title(notebook: NotebookNode) -> Iterator[str]:
    titles = [c.id for c in text_cells(notebook) if re.match(r"# \S", c.source)]
    if not notebook.cells or titles != [notebook.cells[0].id]:
        yield f"one title, in the first cell; found {titles or 'none'}"


@rule
def exercises_are_checked(notebook: NotebookNode) -> Iterator[str]:
    stubs = sum("exercise" in tags(cell) for cell in code_cells(notebook))
    checks = sum(bool(calls(tree_of(cell), "check")) for cell in code_cells(notebook))
    if stubs < 2:
        yield f"{stubs} cells are tagged exercise, at least 2"
    if checks != stubs:
        yield f"{stubs} exercises and {checks} cells that check one"
