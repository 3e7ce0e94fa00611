"""Make a notebook in another language, and say how much of it is translated.

    python -m tests.language de 1      # notebooks/de/01_full_responses.ipynb

It brings the catalogues up to date with the English texts first. Then it puts what is
translated into the notebook, runs that, and keeps what its cells show.
"""

import sys
from pathlib import Path

import nbformat

from course_utils.language import CATALOGUES
from course_utils.language.catalogue import read_entries
from tests.language.catalogues import catalogues, updated
from tests.language.cells import spoken
from tests.notebooks.outputs import NOTEBOOKS, read, run


def main(language: str, number: int) -> None:
    """Bring the catalogues of one notebook up to date, and make it from them."""
    for path, english in catalogues(language, number).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(updated(path, english), "utf-8")
        print(told(path, english))
    (source,) = NOTEBOOKS.glob(f"0{number}_*.ipynb")
    made = spoken(read(source), entries_of(source, language), language)
    target = NOTEBOOKS / language / source.name
    target.parent.mkdir(exist_ok=True)
    run(made, folder=target.parent)
    nbformat.write(made, target)
    print(f"{target.relative_to(NOTEBOOKS.parent)}: {len(made.cells)} cells")


def entries_of(source: Path, language: str) -> dict[str, str]:
    """What is translated of a notebook."""
    path = CATALOGUES / language / "notebooks" / f"{source.stem}.po"
    return read_entries(path.read_text("utf-8"))


def told(path: Path, english: dict[str, str]) -> str:
    """How much of a catalogue is translated; the places of what stays English."""
    entries = read_entries(path.read_text("utf-8"))
    left = sorted({place for text, place in english.items() if text not in entries})
    line = f"{path.name}: {len(entries)} of {len(english)} texts are translated"
    return f"{line}, the others stay English: {', '.join(left)}" if left else line


if __name__ == "__main__":
    if len(sys.argv) != 3 or not sys.argv[2].isdigit():
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]))
