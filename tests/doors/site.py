"""Build the course as pages to read: every text, every output, nothing to run.

    python -m tests.doors.site               into _build/html
    python -m tests.doors.site owner/name    with a door to Binder on each page

Jupyter Book builds it, in an environment of its own, from the notebooks as they are.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.doors.binder import ROOT
from tests.doors.links import origin, repository_of, version

# Two themes that fit each other: the newest of them shows two fields to search.
BUILDER = (
    "jupyter-book==1.0.4.post1",
    "sphinx-book-theme==1.1.4",
    "pydata-sphinx-theme==0.15.4",
)
# The course's outputs are made for light and dark; the theme puts them on white.
STYLE = """\
html[data-theme] .bd-content div.cell_output .text_html {
  background: none !important; color: inherit !important; padding: 0;
}
html .bd-content div.cell_output :is(caption, td, th) { color: inherit; }
html .bd-content table :is(tr, td) { background: none !important; }
"""
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
        # Headings may be linked to, as on GitHub. A dollar is no formula.
        "parse": {"myst_heading_anchors": 4, "myst_enable_extensions": ["colon_fence"]},
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


def behind() -> list[Path]:
    """The texts behind the course: reasons, measurements, the way to a server."""
    folders = (ROOT / name for name in ("docs", "benchmarks", "deploy"))
    return [path for folder in folders for path in folder.rglob("*.md")]


def contents() -> dict[str, Any]:
    """The pages and their order: README, the notebooks, the glossary, the rest."""
    notebooks = sorted((ROOT / "notebooks").glob("0*.ipynb"))
    pages = [f"notebooks/{path.stem}" for path in notebooks]
    translated = sorted((ROOT / "notebooks").glob("??/0*.ipynb"))
    abroad = [f"notebooks/{path.parent.name}/{path.stem}" for path in translated]
    others = [*ROOT.glob("*.md"), *behind()]
    names = [path.relative_to(ROOT).with_suffix("").as_posix() for path in others]
    parts = {
        "Notebooks": [*pages, "notebooks/glossary"],
        "In other languages": abroad,
        "Behind them": sorted(set(names) - {"README"}),
    }
    return {
        "format": "jb-book",
        "root": "README",
        "parts": [
            {"caption": caption, "chapters": [{"file": page} for page in pages]}
            for caption, pages in parts.items()
        ],
    }


def lay_out(to: Path, repository: str | None) -> None:
    """Put what is read, and what it is told, into a folder."""
    ignored = shutil.ignore_patterns("chat", ".*", "__pycache__", "*.db", "*.py")
    shutil.copytree(ROOT / "notebooks", to / "notebooks", ignore=ignored)
    shutil.copytree(ROOT / "docs", to / "docs", ignore=ignored)
    for path in behind():
        (to / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to / path.relative_to(ROOT))
    for path in (*ROOT.glob("*.md"), *(ROOT / name for name in LICENCES)):
        shutil.copy(path, to)
    (to / "_static").mkdir()
    (to / "_static" / "course.css").write_text(STYLE, "utf-8")
    (to / "_config.yml").write_text(json.dumps(config(repository)), "utf-8")
    (to / "_toc.yml").write_text(json.dumps(contents()), "utf-8")


def build(source: Path) -> None:
    """Build the pages from that folder into OUTPUT."""
    uv = (sys.executable, "-m", "uv", "run", "--no-project", "--isolated")
    builder = [word for package in BUILDER for word in ("--with", package)]
    book = ("jupyter-book", "build", "--quiet", str(source))
    subprocess.run([*uv, *builder, *book], cwd=source, check=True)
    shutil.rmtree(OUTPUT, ignore_errors=True)
    shutil.copytree(source / "_build" / "html", OUTPUT)
    # README names them in HTML of its own, which Jupyter Book leaves alone.
    images = OUTPUT / "notebooks" / "images"
    shutil.copytree(source / "notebooks" / "images", images, dirs_exist_ok=True)
    for page in OUTPUT.rglob("*.html"):
        page.write_text(labelled(page.read_text("utf-8")), "utf-8")


def labelled(page: str) -> str:
    """A page whose boxes to tick have a name, for who hears them.

    >>> labelled('<input class="task-list-item-checkbox" type="checkbox">')
    '<input aria-label="to do" class="task-list-item-checkbox" type="checkbox">'
    """
    box = '<input class="task-list-item-checkbox"'
    return page.replace(box, box.replace("<input", '<input aria-label="to do"'))


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
