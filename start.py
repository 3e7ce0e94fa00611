"""The course in one command: python start.py

    python start.py          make .venv, install the pinned packages, open notebook 1
    python start.py test     the same, then run every test
    python start.py check    say "ready", or what is missing

Anything after that goes on to JupyterLab or pytest: python start.py --port 9000
It needs Python 3.11 or newer with its venv module, and is quick the second time.
"""

import os
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036  whoever types this may have an old one
    sys.exit(
        f"The course needs Python 3.11 or newer and this is {sys.version.split()[0]}: "
        "install a newer one from python.org, then run start.py with that."
    )

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LAB = [
    "--ServerApp.root_dir=notebooks",
    "--LabApp.default_url=/lab/tree/01_full_responses.ipynb",
]
if hasattr(os, "geteuid") and os.geteuid() == 0:
    LAB.append("--allow-root")  # as in many containers
OFFLINE = re.compile(
    "connect|resolv|timed out|proxy|ssl|no matching distribution", re.I
)


def main(arguments: list[str]) -> int:
    """Do what was typed; the exit code is that of the program which ran."""
    named = bool(arguments) and not arguments[0].startswith("-")
    command = arguments.pop(0) if named else "lab"
    if command not in ("lab", "test", "check"):
        sys.exit(f"start.py knows test and check, got {command!r}:\n\n{__doc__}")
    if "--help" in arguments:
        sys.exit(__doc__)
    if command == "check":
        here = PYTHON if PYTHON.exists() else sys.executable
        return run(here, "-P", Path("course_utils", "ready.py"))
    install("[test]" if command == "test" else "")
    if command == "test":
        return run(PYTHON, "-m", "pytest", *arguments)
    code = run(PYTHON, "-m", "jupyterlab", *LAB, *arguments)
    if code:
        print("Is its port taken? Choose another: python start.py --port 9000")
    return code


def run(*command: object) -> int:
    """Run a program in front; it gets Ctrl+C too and decides what that means."""
    # On Windows a Python before 3.13 misreads an installed path with an umlaut in it.
    paths = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    words = [str(word) for word in command]
    process = subprocess.Popen(words, cwd=HERE, env={**os.environ, "PYTHONPATH": paths})
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def install(extra: str) -> None:
    """Bring .venv to the pinned packages; return at once if it has them."""
    stamp = VENV / "installed.txt"
    place = f"Python {sys.version.split()[0]} of {sys.base_prefix} in {HERE}"
    lists = (HERE / "pyproject.toml", HERE / "constraints.txt")
    pins = sha256(b"".join(file.read_bytes() for file in lists)).hexdigest()
    had = stamp.read_text("utf-8").splitlines() if stamp.exists() else [""]
    if had[:2] == [place, pins] and extra in ("", *had[2:]):
        return
    print("Installing into .venv: some seconds, or minutes on a slow line.", flush=True)
    if had[0] != place:
        make_venv()
    fetch("-c", "constraints.txt", "-e", "." + extra)
    settings = VENV / "share" / "jupyter" / "lab" / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "binder" / "settings.json", settings / "overrides.json")
    stamp.write_text("\n".join([place, pins, extra]), "utf-8")


def make_venv() -> None:
    """Make .venv anew, or say what this Python lacks."""
    if find_spec("ensurepip") is None:
        sys.exit(
            "This Python has no venv module: install it (on Debian and Ubuntu: "
            "sudo apt install python3-venv), then run this again."
        )
    error = failure(sys.executable, "-m", "venv", "--clear", VENV)
    if error:
        sys.exit(
            f"{VENV} could not be made: see that it may be written to, and that no "
            f"other start.py is at work. {error}"
        )


def fetch(*packages: str) -> None:
    """Install with uv, which takes seconds, or with pip where uv does not work."""
    pip = (PYTHON, "-m", "pip", "install")
    uv = (PYTHON, "-m", "uv", "pip", "install", "--python", PYTHON)
    if not failure(*pip, "uv") and not failure(*uv, *packages):
        return
    error = failure(*pip, *packages)
    if error:
        if os.environ.get("PIP_NO_INDEX"):
            error = (
                "the folder of wheels lacks one for this system or this Python, "
                f"{sys.version.split()[0]}: fill it on a machine of the same kind."
            )
        elif OFFLINE.search(error):
            error = "connect to the network, or set HTTPS_PROXY if yours has a proxy."
        sys.exit(f"The packages could not be downloaded: {error}")


def failure(*command: object) -> str:
    """Run a program quietly; what it said if it failed, else nothing."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=HERE, capture_output=True, errors="replace")
    error = (done.stderr or done.stdout).strip()[-500:] or f"exit {done.returncode}"
    return error if done.returncode else ""


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("Stopped. Run start.py again: it goes on where it can.")
