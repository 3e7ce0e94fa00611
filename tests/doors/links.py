"""Write the links that open the course elsewhere, from the repository's own address.

    python -m tests.doors.links                the address of `origin`
    python -m tests.doors.links owner/name     another one

Until the course is published README says so, and has no link that leads nowhere.
"""

import re
import subprocess
import sys
import tomllib
from urllib.parse import quote

from tests.doors.binder import ROOT

README = ROOT / "README.md"
BLOCK = re.compile(r"(?<=<!-- doors -->\n).*?(?=<!-- /doors -->)", re.DOTALL)
UNPUBLISHED = (
    "Without an installation: this copy has no public home yet. Once it has, "
    "`python -m tests.doors.links` writes its Binder links here.\n"
)


def doors(repository: str | None) -> str:
    """README's lines: a link for each notebook, or that there is none yet."""
    if repository is None:
        return UNPUBLISHED
    first, *others = sorted((ROOT / "notebooks").glob("0*.ipynb"))
    others_linked = " · ".join(
        f"[{path.name[1]}]({binder(repository, path.name)})" for path in others
    )
    return (
        "Nothing to install at all: **[open the course on Binder]"
        f"({binder(repository, first.name)})**, or go straight to notebook "
        f"{others_linked}.\n"
    )


def binder(repository: str, notebook: str) -> str:
    """The address at which Binder opens one notebook, at the tag of this version."""
    path = quote(f"lab/tree/notebooks/{notebook}", safe="")
    return f"https://mybinder.org/v2/gh/{repository}/v{version()}?urlpath={path}"


def version() -> str:
    """The version of the course, whose tag Binder builds once and keeps."""
    found = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return str(found["project"]["version"])


def repository_of(address: str) -> str | None:
    """The owner and the name in an address of GitHub, whichever way it is written.

    >>> repository_of("git@github.com:ada/course.git")
    'ada/course'
    """
    found = re.search(r"github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$", address)
    return found[1] if found else None


def origin() -> str:
    """The address that this copy was cloned from; nothing if it was not."""
    git = ("git", "config", "--get", "remote.origin.url")
    return subprocess.run(git, cwd=ROOT, capture_output=True, text=True).stdout.strip()


def main(words: list[str]) -> None:
    """Write README's block of links."""
    repository = words[0] if words else repository_of(origin())
    if repository is None:
        print(
            "origin is no repository on GitHub: python -m tests.doors.links owner/name"
        )
    text = README.read_text("utf-8")
    README.write_text(BLOCK.sub(lambda _: doors(repository), text), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
