"""Print the address that gives each learner of a hub a working copy of the course.

    python deploy/hub/link.py https://hub.example.org

Opened by a logged-in learner, it pulls the course with nbgitpuller, keeps what the
learner has typed, and opens the notebook. The repository is the one of `git remote`.
"""

import argparse
import re
import subprocess
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[2]


def link(hub: str, repo: str, branch: str, notebook: str) -> str:
    """The address of one notebook on this hub.

    >>> link("https://h.org/", "https://g.org/a/course.git", "main", "01_x.ipynb")
    ... # doctest: +ELLIPSIS
    'https://h.org/hub/user-redirect/git-pull?repo=https%3A%2F%2Fg.org%2Fa%2Fcourse...'
    """
    folder = repo.rstrip("/").rpartition("/")[2].removesuffix(".git")
    opened = f"lab/tree/{folder}/notebooks/{notebook}"
    asked = urlencode({"repo": repo, "branch": branch, "urlpath": opened})
    return f"{hub.rstrip('/')}/hub/user-redirect/git-pull?{asked}"


def remote() -> str:
    """The repository's public address; empty if it has none."""
    command = ["git", "-C", str(ROOT), "remote", "get-url", "origin"]
    found = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return re.sub(r"^git@([^:]+):", r"https://\1/", found)


def main() -> None:
    """Print a line for each notebook."""
    parser = argparse.ArgumentParser(prog="python deploy/hub/link.py")
    parser.add_argument("hub", help="the hub's address")
    parser.add_argument(
        "--repo", default=remote(), help="else: the remote named origin"
    )
    parser.add_argument("--branch", default="main")
    asked = parser.parse_args()
    if not asked.repo.startswith("http"):
        parser.error(
            "a hub pulls the course from a public address, got "
            f"{asked.repo or 'no remote'!r}: name it with --repo https://..."
        )
    for path in sorted((ROOT / "notebooks").glob("0*.ipynb")):
        print(link(asked.hub, asked.repo, asked.branch, path.name))


if __name__ == "__main__":
    main()
