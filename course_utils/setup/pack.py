"""The course for a room without a network: one file that holds all it takes.

For each system and each Python asked for, uv says which packages it takes, and pip
fetches them. Where the folder `wheels` stands beside start.py, nothing else is asked.

    python start.py pack                             for a machine like this one
    python start.py pack windows macos 3.12 3.13     for these, four kinds in all
    python start.py pack linux test                  with what the tests need
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

NAME = "streaming-course"
WHEELS = "wheels"
CONTENTS = "packed.txt"
SETS_UP = "uv\nhatchling\neditables\n"  # what installs the course itself
# uv's name of a system, and the tags of the wheels that it takes.
LINUX = ("manylinux_2_28", "manylinux_2_17", "manylinux2014", "manylinux_2_5")
SYSTEMS = {
    "windows": ("x86_64-pc-windows-msvc", ("win_amd64",)),
    "macos": ("aarch64-apple-darwin", ("macosx_14_0_arm64",)),
    "macos-intel": ("x86_64-apple-darwin", ("macosx_13_0_x86_64",)),
    "linux": ("x86_64-manylinux_2_28", tuple(f"{tag}_x86_64" for tag in LINUX)),
    "linux-arm": ("aarch64-manylinux_2_28", tuple(f"{tag}_aarch64" for tag in LINUX)),
}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# The first release of a Python and any later one: some packages differ between them.
RELEASES = (".0", ".99")
# What is yours, or the machine's, and not the course's.
LEFT_OUT = {
    *(".git", ".venv", "my-notebooks", "node_modules", "__pycache__", "shots", WHEELS),
    *(".ipynb_checkpoints", ".course_progress.json", ".env", "_build"),
    *(".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"),
}
ENDINGS = (".db", ".egg-info", ".zip", ".pyc")


@dataclass(frozen=True)
class Order:
    """What is to be packed: every system with every Python."""

    systems: tuple[str, ...]
    pythons: tuple[str, ...]
    extra: str

    def kinds(self) -> list[tuple[str, str]]:
        """Each kind of machine: its system and its Python."""
        return list(product(self.systems, self.pythons))


def ordered(words: list[str]) -> Order:
    """The order that was typed; what is not said is as on this machine."""
    known = {*SYSTEMS, *PYTHONS, "test"}
    if unknown := [word for word in words if word not in known]:
        sys.exit(
            f"pack knows {', '.join(SYSTEMS)}, {', '.join(PYTHONS)} and test, got "
            f"{unknown[0]!r}: python start.py pack windows 3.12"
        )
    pythons = tuple(word for word in words if word in PYTHONS)
    return Order(
        tuple(word for word in words if word in SYSTEMS) or (this_system(),),
        pythons or (f"{sys.version_info.major}.{sys.version_info.minor}",),
        "test" if "test" in words else "",
    )


def this_system() -> str:
    """The name of the system that this runs on."""
    if os.name == "nt":
        return "windows"
    arm = os.uname().machine in ("arm64", "aarch64")
    if sys.platform == "darwin":
        return "macos" if arm else "macos-intel"
    return "linux-arm" if arm else "linux"


def fetch(here: Path, order: Order, wheels: Path) -> None:
    """Put the wheels of every kind of machine into a folder."""
    for system, python in order.kinds():
        had: set[str] = set()
        for release in RELEASES:
            pins = resolved(here, system, python + release, order.extra) - had
            print(f"{system}, Python {python}: {len(pins)} packages", flush=True)
            download(system, python + release, pins, wheels)
            had |= pins
    kinds = [f"{system}, Python {python}" for system, python in order.kinds()]
    (wheels / CONTENTS).write_text("\n".join(kinds) + "\n", "utf-8")


def resolved(here: Path, system: str, python: str, extra: str) -> set[str]:
    """The exact packages that one kind of machine takes: `name==version`."""
    extras = [
        word for name in ("notebooks", extra) if name for word in ("--extra", name)
    ]
    found = subprocess.run(
        [
            *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-build"),
            *("--no-header", "--no-annotate", "--no-emit-find-links"),
            *("--python-platform", SYSTEMS[system][0], "--python-version", python),
            *(*extras, "-c", "constraints.txt", "pyproject.toml", "-"),
        ],
        cwd=here,
        input=SETS_UP,
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    )
    return set(found.stdout.splitlines())


def download(system: str, python: str, pins: set[str], wheels: Path) -> None:
    """Fetch the wheels of these packages for one kind of machine."""
    wheels.mkdir(exist_ok=True)
    if not pins:
        return
    listed = wheels.with_suffix(".pins")
    listed.write_text("\n".join(sorted(pins)), "utf-8")
    tags = (word for tag in SYSTEMS[system][1] for word in ("--platform", tag))
    pip = (sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:")
    made_for = ("--implementation", "cp", "--python-version", python, *tags)
    subprocess.run([*pip, *made_for, "-r", listed, "-d", wheels], check=True)


def files(here: Path) -> Iterator[Path]:
    """The course's own files, by their place in its folder."""
    for path in sorted(here.rglob("*")):
        within = path.relative_to(here)
        left_out = LEFT_OUT & set(within.parts) or any(
            part.endswith(ENDINGS) for part in within.parts
        )
        if path.is_file() and not left_out:
            yield within


def write(here: Path, wheels: Path, to: Path) -> None:
    """One file with the course and its wheels, in a folder of their own."""
    with ZipFile(to, "w") as packed:
        for within in files(here):
            packed.write(here / within, Path(NAME, within), ZIP_DEFLATED)
        for wheel in sorted(wheels.iterdir()):
            packed.write(wheel, Path(NAME, WHEELS, wheel.name), ZIP_STORED)


def main(here: Path, words: list[str]) -> None:
    """Pack what was ordered, and say how it is opened."""
    order = ordered(words)
    to = here / f"{NAME}.zip"
    with tempfile.TemporaryDirectory() as folder:
        wheels = Path(folder, WHEELS)
        fetch(here, order, wheels)
        write(here, wheels, to)
    print(
        f"{to.name}, {to.stat().st_size // 2**20} MB, holds all that is needed on "
        f"{'; '.join(f'{s} with Python {p}' for s, p in order.kinds())}.\n"
        f"In the room: unpack it, and in the folder {NAME} type python start.py"
    )


if __name__ == "__main__":
    try:
        main(Path(__file__).resolve().parents[2], sys.argv[1:])
    except subprocess.CalledProcessError as refused:
        sys.exit(
            f"{refused.cmd[2]} could not bring a package, and says why above: connect "
            "to the network, or leave out the system or the Python it has none for."
        )
