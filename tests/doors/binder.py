"""Write what Binder installs: the lock, as it is on Binder's own machine.

    python -m tests.doors.binder

The lines name no file of the course, so that repo2docker installs them before it copies
the course: a change of a notebook leaves that layer, the slow one, as it is.
"""

import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "binder" / "environment.yml"
PYTHON = "3.12"
MACHINE = {
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
    "python_version": PYTHON,
    "python_full_version": f"{PYTHON}.99",
}
HEAD = f"""\
# What Binder builds. Made by python -m tests.doors.binder from pyproject.toml and
# constraints.txt; binder/postBuild adds the course itself.
name: streaming-langchain
channels: [conda-forge, nodefaults]
dependencies:
  - python={PYTHON}
  - pip
  - pip:
"""


def text() -> str:
    """The whole file."""
    return HEAD + "".join(f"      - {pin}\n" for pin in pins())


def pins() -> list[str]:
    """Each package that the notebooks need on Binder, with its version."""
    locked = dict(_locked())
    return [f"{name}=={locked[name]}" for name in sorted(_reached("notebooks"))]


def _locked() -> Iterator[tuple[str, str]]:
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        requirement = Requirement(line)
        if _holds(requirement):
            yield canonicalize_name(requirement.name), str(requirement.specifier)[2:]


def _holds(requirement: Requirement, extra: str = "") -> bool:
    marker = requirement.marker
    return marker is None or marker.evaluate({**MACHINE, "extra": extra})


def _reached(extra: str) -> set[str]:
    """The names of all packages that an extra of the course leads to."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    reached: set[tuple[str, str]] = set()
    waiting = [*map(Requirement, project["dependencies"] + extras[extra])]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for asked in {"", *requirement.extras}:
            if (name, asked) in reached:
                continue
            reached.add((name, asked))
            lines = extras.get(asked, []) if name == project["name"] else _needs(name)
            found = map(Requirement, lines)
            waiting += [need for need in found if _holds(need, asked)]
    return {name for name, _ in reached} - {project["name"]}


def _needs(name: str) -> list[str]:
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []  # one of another system than this


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
