"""Build the course as pages to read: every text, every output, nothing to run.

    python -m tests.house.site               into _build/html
    python -m tests.house.site owner/name    with a door to Binder on each page

Jupyter Book builds it, in an environment of its own, from the notebooks as they are.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.house.binder import ROOT
from tests.house.links import origin, repository_of, version

BUILDER = "jupyter-book==1.0.4.post1"
OUTPUT = ROOT / "_build" / "html"
TITLE = "Streaming in production with LangChain"
LICENCES = ("LICENSE", "LICENSE-TEXT.md", "CITATION.cff")


def config(repository: str | None) -> dict[str, Any]:
    """What Jupyter Book is told; JSON is YAML."""
    told: dict[str, Any] = {
        "title": TITLE,
        "author": "the course's authors",
        "only_build_toc_files": True,
        "execute": {"execute_notebooks": "off"},
        "html": {"use_issues_button": False, "use_repository_button": False},
        # A heading may be linked to, as GitHub lets it be.
        "parse": {"myst_heading_anchors": 4},
        "sphinx": {"config": {"suppress_warnings": ["myst.xref_missing"]}},
    }
    if repository:
        told["repository"] = {
            "url": f"https://github.com/{repository}",
            "branch": f"v{version()}",
        }
        told["launch_buttons"] = {
            "binderhub_url": "https://mybinder.org",
            "notebook_interface": "jupyterlab",
        }
    return told


def contents() -> dict[str, Any]:
    """The pages and their order: README, the notebooks, the glossary."""
    notebooks = sorted((ROOT / "notebooks").glob("0*.ipynb"))
    pages = [f"notebooks/{path.stem}" for path in notebooks]
    chapters = [{"file": page} for page in [*pages, "notebooks/glossary"]]
    return {"format": "jb-book", "root": "README", "chapters": chapters}


def lay_out(to: Path, repository: str | None) -> None:
    """Put what is read, and what it is told, into a folder."""
    ignored = shutil.ignore_patterns("chat", ".*", "__pycache__", "*.db", "*.py")
    shutil.copytree(ROOT / "notebooks", to / "notebooks", ignore=ignored)
    shutil.copytree(ROOT / "docs", to / "docs", ignore=ignored)
    for path in (*ROOT.glob("*.md"), *(ROOT / name for name in LICENCES)):
        shutil.copy(path, to)
    (to / "_config.yml").write_text(json.dumps(config(repository)), "utf-8")
    (to / "_toc.yml").write_text(json.dumps(contents()), "utf-8")


def build(source: Path) -> None:
    """Build the pages from that folder into OUTPUT."""
    uv = (sys.executable, "-m", "uv", "run", "--no-project", "--isolated")
    book = ("--with", BUILDER, "jupyter-book", "build", "--quiet", str(source))
    subprocess.run([*uv, *book], cwd=source, check=True)
    shutil.rmtree(OUTPUT, ignore_errors=True)
    shutil.copytree(source / "_build" / "html", OUTPUT)
    # README names them in HTML of its own, which Jupyter Book leaves alone.
    images = OUTPUT / "notebooks" / "images"
    shutil.copytree(source / "notebooks" / "images", images, dirs_exist_ok=True)
    shutil.copy(OUTPUT / "README.html", OUTPUT / "index.html")


def main(words: list[str]) -> None:
    """Build the pages, and say where they are."""
    repository = words[0] if words else repository_of(origin())
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "course")
        source.mkdir()
        lay_out(source, repository)
        build(source)
    print(f"Open {OUTPUT / 'index.html'}")


if __name__ == "__main__":
    main(sys.argv[1:])
