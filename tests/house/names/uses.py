"""Where each public name and setting is used; says what only the package and tests use.

python -m tests.house.names.uses      # what docs/less.md has to give a reason for
"""

import inspect
import re
from collections.abc import Iterator

import course_utils
from tests.notebooks.outputs import NOTEBOOKS, ROOT, read

PAGES = ("README.md", "docs/*.md", "docs/decisions/*.md", "docs/teaching/*.md")
HISTORY = ("less.md", "from_1_to_2.md")  # they name what is gone, or unused


def reader_text() -> str:
    """All that a reader meets: notebooks, lessons, the chat, README and the pages."""
    cells = [c.source for path in NOTEBOOKS.glob("0*.ipynb") for c in read(path).cells]
    files = [
        *(ROOT / "course_utils" / "lessons").rglob("*.py"),
        *(NOTEBOOKS / "chat").rglob("*.py"),
        *(path for page in PAGES for path in ROOT.glob(page)),
    ]
    pages = [path for path in files if path.name not in HISTORY]
    return "\n".join([*cells, *(path.read_text("utf-8") for path in pages)])


def settings_of(thing: object) -> Iterator[str]:
    """The keyword settings of a public function or class."""
    if fields := getattr(thing, "model_fields", None):
        own = getattr(thing, "__annotations__", {})
        yield from (name for name in fields if name in own)
    elif callable(thing):
        try:
            parameters = inspect.signature(thing).parameters.values()
        except ValueError:
            return
        yield from (p.name for p in parameters if p.default is not p.empty)


def unused() -> list[str]:
    """Public names and settings that no reader meets, as `name` or `name(setting=)`."""
    text = reader_text()
    found = []
    for name in course_utils.__all__:
        if not re.search(rf"\b{name}\b", text):
            found.append(name)
        found += [
            f"{name}({setting}=)"
            for setting in settings_of(getattr(course_utils, name))
            if not re.search(rf"\b{setting}\s*=[^=]", text)
        ]
    return found


if __name__ == "__main__":
    print("\n".join(unused()))
