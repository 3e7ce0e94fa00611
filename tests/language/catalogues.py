"""The catalogues of a language, brought up to date with what is said in English.

Babel reads and writes them. A text whose English has changed keeps its translation and
is marked `fuzzy`: it is shown in English until a translator has looked at it.

    updated(path, english)       # the catalogue's text, as it should be
"""

import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.pofile import read_po, write_po

from course_utils.finish import UNSAID
from course_utils.language import CATALOGUES
from course_utils.live.page.widget import WORDS
from tests.language.cells import texts
from tests.language.extract import HOLE, words
from tests.notebooks.outputs import NOTEBOOKS, ROOT, read

PACKAGE = ROOT / "course_utils"
# Where the words stand that each lesson needs.
SHARED = [
    *(f"teaching/{name}.py" for name in ("checks", "exercise", "quiz", "quiz_widget")),
    *("teaching/progress.py", "timing/stream_timing.py", "plots/drawing.py"),
    *("live/lane.py", "live/race.py", "lessons/scenes.py"),
]
# Words that code puts together: how an answer ends, and what the page itself says.
ALONE = {
    "course_utils/finish.py": ("done", "stopped", "paused", "cut", "error", UNSAID),
    "course_utils/live/page/widget.py": WORDS,
}
# What may change without a new translation: a hole's name, a number.
PART = re.compile(r"(?<!\{)\{[A-Za-z_]\w*\}(?!\})|\d+")
Texts = Mapping[str, str]  # each text, and the place it stands in


def english_of_package() -> dict[str, str]:
    """What every lesson shows."""
    alone = {word: place for place, texts in ALONE.items() for word in texts}
    return _said([PACKAGE / name for name in SHARED]) | alone


def english_of_lesson(name: str) -> dict[str, str]:
    """What one lesson says: questions, hints, and what its checks find wrong."""
    files = sorted((PACKAGE / "lessons" / name).glob("*.py"))
    return _said([file for file in files if file.stem != "solutions"])


def english_of_notebook(path: Path) -> dict[str, str]:
    """What stands in a notebook."""
    place = path.relative_to(ROOT).as_posix()
    return {text: f"{place}#{cell}" for text, cell in texts(read(path)).items()}


def catalogues(language: str, number: int) -> dict[Path, dict[str, str]]:
    """The catalogues of a notebook and the English that each should hold."""
    (path,) = NOTEBOOKS.glob(f"0{number}_*.ipynb")
    lesson, folder = path.stem[3:], CATALOGUES / language
    return {
        folder / "package.po": english_of_package(),
        folder / f"{lesson}.po": english_of_lesson(lesson),
        folder / "notebooks" / f"{path.stem}.po": english_of_notebook(path),
    }


def updated(path: Path, english: Texts) -> str:
    """The catalogue in this file, with these texts and no others.

    Args:
        path: The catalogue; it need not be there yet.
        english: Each text and the place it stands in.
    """
    language = path.relative_to(CATALOGUES).parts[0]
    old = Catalog(locale=language, fuzzy=False)
    if path.exists():
        old = read_po(BytesIO(path.read_bytes()), locale=language)
    new = Catalog(locale=language, fuzzy=False, header_comment=f"# {path.stem}")
    for text, place in english.items():
        new.add(text, locations=[(place, None)])
    carry_over(old, english)
    old.update(new)
    for message in old:
        _flag(message, holed=path.parent.name != "notebooks")
    return _written(old, language)


def _flag(message: Message, holed: bool) -> None:
    """Mark the templates as such, for a translator's editor; nothing else."""
    message.flags -= {"python-format", "python-brace-format"}
    if holed and HOLE.search(str(message.id)):
        message.flags.add("python-brace-format")


def carry_over(catalogue: Catalog, english: Texts) -> None:
    """Keep the translation of a text in which only numbers or names of holes changed.

    The minutes of a notebook change by a command, a variable of the code by its author:
    neither is work for a translator.
    """
    gone = [m for m in catalogue if m.id and m.id not in english]
    by_shape = {shape(str(message.id)): message for message in gone}
    for text in english:
        message = by_shape.get(shape(text))
        if message is None or catalogue.get(text) is not None:
            continue
        if here := carried(str(message.string), str(message.id), text):
            catalogue.add(text, here, flags=message.flags)


def shape(text: str) -> str:
    """A text without its numbers and without the names of its holes."""
    return PART.sub(lambda part: "0" if part[0].isdigit() else "{}", text)


def carried(text: str, before: str, after: str) -> str:
    """A translation with the numbers and the holes that its English has now.

    Empty if its numbers stand in another order: which is which?

    >>> carried("In 45 Minuten: {a}", "In 45 minutes: {a}", "In 50 minutes: {b}")
    'In 50 Minuten: {b}'
    """
    was, now = PART.findall(before), PART.findall(after)
    names = dict(zip(was, now, strict=True))
    if list(filter(str.isdigit, PART.findall(text))) != list(filter(str.isdigit, was)):
        return ""
    numbers = filter(str.isdigit, now)
    return PART.sub(
        lambda part: (
            next(numbers) if part[0].isdigit() else names.get(part[0], part[0])
        ),
        text,
    )


def _written(catalogue: Catalog, language: str) -> str:
    """A catalogue as text, with a header that changes with nothing."""
    file = BytesIO()
    write_po(file, catalogue, width=79, omit_header=True, ignore_obsolete=True,
             include_previous=True)  # fmt: skip
    header = (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {language}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n\n'
    )
    return header + file.getvalue().decode().rstrip("\n") + "\n"


def _said(files: list[Path]) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in files:
        for text in words(file):
            found.setdefault(text, file.relative_to(ROOT).as_posix())
    return found
