"""The course in one command: python start.py

    python start.py          make .venv, install the pinned packages, open notebook 1
    python start.py test     the same, then run every test
    python start.py check    say "ready", or what is missing
    python start.py reset 4  notebook 4 as it was; yours is kept beside it
    python start.py pack     one file for a room without a network

You work in my-notebooks/, a copy of your own that an update of the course never meets.
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
COPY = Path("course_utils", "setup", "working_copy.py")
DOCTOR = Path("course_utils", "setup", "doctor.py")
PACK = Path("course_utils", "setup", "pack.py")
WHEELS = HERE / "wheels"  # what it packs; where they are, no index is asked
LAB = [
    "--ServerApp.root_dir=my-notebooks",
    "--LabApp.default_url=/lab/tree/01_full_responses.ipynb",
    # A browser in a sandbox of its own may not read the file it would be sent to.
    "--ServerApp.use_redirect_file=False",
]
if hasattr(os, "geteuid") and os.geteuid() == 0:
    LAB.append("--allow-root")  # as in many containers
NEEDED = "[notebooks]"  # the least that is installed here
MEGABYTES = 600  # what the packages take, and room for an answer or two
OFFLINE = re.compile("connect|resolv|timed out|proxy|no matching distribution", re.I)
CERTIFICATE = re.compile("certificate|ssl", re.I)
PROXIES = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY")
# What a shell may hold for other programs and would lead this one astray.
FOREIGN = (
    *("PYTHONPATH", "PYTHONHOME", "PYTHONOPTIMIZE", "PYTHONWARNINGS"),
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "JUPYTER_PATH", "JUPYTERLAB_DIR"),
)
# Folders that a shell may name for Jupyter, each of which it writes to.
JUPYTERS = (
    *("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"),
    *("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"),
)
TRACING = [f"{a}_TRACING{b}" for a in ("LANGSMITH", "LANGCHAIN") for b in ("", "_V2")]


def main(arguments: list[str]) -> int:
    """Do what was typed; the exit code is that of the program which ran."""
    named = bool(arguments) and not arguments[0].startswith("-")
    command = arguments.pop(0) if named else "lab"
    if command not in ("lab", "test", "check", "reset", "pack"):
        known = "test, check, reset and pack"
        sys.exit(f"start.py knows {known}, got {command!r}:\n\n{__doc__}")
    if "--help" in arguments:
        sys.exit(__doc__)
    if command == "check":
        here = PYTHON if PYTHON.exists() else sys.executable
        return run(here, "-P", DOCTOR)
    if command == "reset":
        return run(sys.executable, "-P", COPY, "reset", *arguments)
    install("[notebooks,test]" if command == "test" else NEEDED)
    if command == "test":
        return run(PYTHON, "-m", "pytest", *arguments)
    if command == "pack":
        return run(PYTHON, "-P", PACK, *arguments)
    return run(sys.executable, "-P", COPY) or open_lab(arguments)


def open_lab(arguments: "list[str]") -> int:
    """Open JupyterLab in the learner's copy; say what helps if it does not start."""
    # -P: a file of yours called random.py is not Python's own.
    code = run(PYTHON, "-P", "-m", "jupyterlab", *LAB, *arguments)
    if code:
        print(
            "JupyterLab did not start; above it says why. If its port is taken, choose "
            "another: python start.py --port 9000. Else ask: python start.py check"
        )
    return code


def run(*command: object) -> int:
    """Run a program in front; it gets Ctrl+C too and decides what that means."""
    words = [str(word) for word in command]
    try:
        process = subprocess.Popen(words, cwd=HERE, env=surroundings())
    except OSError as error:
        sys.exit(
            f"{command[0]} can't be run ({error.strerror}): see that programs may run "
            "on this disk, delete the folder .venv and run this again."
        )
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def surroundings() -> "dict[str, str]":
    """The shell's variables, without what leads astray or tells others of a lesson."""
    kept = {k: v for k, v in os.environ.items() if k not in FOREIGN and not unusable(k)}
    for name in JUPYTERS:
        if name in kept and not writable(Path(kept[name])):
            del kept[name]  # as if it had not been set
    if not os.access(kept.get("HOME", HERE), os.W_OK):
        kept["HOME"] = str(VENV / "home")  # Jupyter keeps its settings there
        (VENV / "home").mkdir(parents=True, exist_ok=True)
    if os.name == "nt":  # a Python before 3.13 misreads an installed path with umlauts
        kept["PYTHONPATH"] = str(HERE)
    kept.update(dict.fromkeys(TRACING, "false"))
    # The kernel of .venv and not another one's; into .venv, whatever pip is set to.
    kept.update(JUPYTER_PREFER_ENV_PATH="1", PIP_USER="0")
    return kept


def writable(folder: Path) -> bool:
    """Whether a folder may be written to, or made where it is not there yet."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return there.is_dir() and os.access(there, os.W_OK)


def unusable(name: str) -> bool:
    """Whether a variable names a proxy that neither pip nor the notebooks can use."""
    kind, found, _ = os.environ.get(name, "").partition("://")
    other = bool(found) and kind.lower() not in ("http", "https")
    return name.upper() in PROXIES and other


def install(extra: str) -> None:
    """Bring .venv to the pinned packages; return at once if it has them."""
    stamp = VENV / "installed.txt"
    place = f"Python {sys.version.split()[0]} of {sys.base_prefix} in {HERE}"
    check_place()
    lists = (HERE / "pyproject.toml", HERE / "constraints.txt")
    pins = sha256(b"".join(file.read_bytes() for file in lists)).hexdigest()
    had = stamp.read_text("utf-8").splitlines() if stamp.exists() else [""]
    if had[:2] == [place, pins] and extra in (NEEDED, *had[2:3]) and unchanged(had[3:]):
        return
    print("Installing into .venv: some seconds, or minutes on a slow line.", flush=True)
    if had[0] != place or not PYTHON.exists():
        make_venv()
    fetch("-c", "constraints.txt", "-e", "." + extra)
    settings = VENV / "share" / "jupyter" / "lab" / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "binder" / "settings.json", settings / "overrides.json")
    stamp.write_text("\n".join([place, pins, extra, *packages()]), "utf-8")


def packages() -> "list[str]":
    """What is installed, each with its version: the folders that say so."""
    found = [*VENV.glob("lib/python*/site-packages/*.dist-info")]
    found += VENV.glob("Lib/site-packages/*.dist-info")
    return sorted({folder.name for folder in found})


def unchanged(installed: "list[str]") -> bool:
    """Whether all that was installed is still there, and can be run."""
    return PYTHON.exists() and set(installed) <= set(packages())


def check_place() -> None:
    """Stop with a sentence where no environment can be made."""
    if not (HERE / "pyproject.toml").exists():
        sys.exit(
            "The rest of the course is not beside start.py: download the whole folder, "
            "and run the start.py in it."
        )
    if os.pathsep in str(HERE):
        sys.exit(
            f"Python can't make an environment in {HERE}, whose name has a "
            f"{os.pathsep!r} in it: put the course into another folder."
        )
    if VENV.is_symlink() and not VENV.exists():
        sys.exit(f"{VENV} is a link to nothing: delete it, then run this again.")
    made_here = (VENV / "installed.txt").exists() or "course" in venv_prompt()
    if VENV.is_dir() and any(VENV.iterdir()) and not made_here:
        sys.exit(
            f"{VENV} was made by something else, and start.py would empty it: rename "
            "or delete it, then run this again."
        )
    free = shutil.disk_usage(HERE).free // 2**20
    if not packages() and free < MEGABYTES:
        sys.exit(
            f"The course needs {MEGABYTES} MB on this disk, and {free} MB are free: "
            "make room, then run this again."
        )


def venv_prompt() -> str:
    """What .venv calls itself, if it is an environment at all."""
    settings = VENV / "pyvenv.cfg"
    lines = settings.read_text("utf-8").splitlines() if settings.exists() else []
    return next((line for line in lines if line.startswith("prompt")), "")


def make_venv() -> None:
    """Make .venv anew, or say what this Python lacks."""
    if find_spec("ensurepip") is None:
        sys.exit(
            "This Python has no venv module: install it (on Debian and Ubuntu: "
            "sudo apt install python3-venv), then run this again."
        )
    make = (sys.executable, "-m", "venv", "--clear", "--prompt", "course", VENV)
    error = failure(*make)
    if error:
        sys.exit(
            f"{VENV} could not be made: see that it may be written to, and that no "
            f"other start.py is at work. {error}"
        )


def fetch(*packages: str) -> None:
    """Install with uv, which takes seconds, or with pip where uv does not work."""
    packed = ("--no-index", "--find-links", WHEELS) if WHEELS.is_dir() else ()
    pip = (PYTHON, "-m", "pip", "install", *packed)
    uv = (PYTHON, "-m", "uv", "pip", "install", "--python", PYTHON, *packed)
    if not failure(*pip, "uv"):
        if not run(*uv, *packages):
            return
        print("Once more, with pip: that takes a minute or two.", flush=True)
    error = watched(*pip, *packages)
    if error:
        sys.exit(f"The packages could not be downloaded: {remedy(error)}")


def remedy(error: str) -> str:
    """What to do about an installer's error; else its last words."""
    if WHEELS.is_dir() and OFFLINE.search(error):
        holds = ", or ".join((WHEELS / "packed.txt").read_text("utf-8").splitlines())
        return (
            f"the folder wheels holds them for {holds}, and this is Python "
            f"{sys.version.split()[0]}. Use such a one, or rename the folder and "
            "connect to the network."
        )
    if os.environ.get("PIP_NO_INDEX"):
        return (
            "the folder of wheels lacks one for this system or this Python, "
            f"{sys.version.split()[0]}: fill it on a machine of the same kind."
        )
    name = next(filter(unusable, os.environ), "")
    if name:
        return f"{name} names no proxy of http: set HTTPS_PROXY to one, and unset it."
    if "--prefix together" in error or "'--user' install" in error:
        return (
            "pip is set to install elsewhere. `pip config debug` names the file: take "
            "target, prefix, home and user out of it."
        )
    if "No space left" in error:
        return f"the disk is full: the course needs {MEGABYTES} MB, make room for them."
    if CERTIFICATE.search(error) and not re.search("resolv", error, re.I):
        return (
            "a certificate was not accepted. Set PIP_CERT to your company's, or unset "
            f"SSL_CERT_FILE: {error[-200:]}"
        )
    if OFFLINE.search(error):
        return "connect to the network, or set HTTPS_PROXY if yours has a proxy."
    return error


def watched(*command: object) -> str:
    """Run pip and name each package it comes to; what it said if it failed."""
    said = []
    try:
        pip = subprocess.Popen(
            [str(word) for word in command],
            cwd=HERE,
            env=surroundings(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as refused:
        return f"{command[0]}: {refused.strerror}"
    with pip:
        for line in pip.stdout or ():
            said.append(line)
            if line.startswith(("Collecting", "Installing")):
                print("." * 3, line.split()[1], flush=True)
    error = "".join(said).strip()[-500:] or f"exit {pip.returncode}"
    return error if pip.returncode else ""


def failure(*command: object) -> str:
    """Run a program quietly; what it said if it failed, else nothing."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, cwd=HERE, env=surroundings(), capture_output=True, errors="replace"
        )
    except OSError as refused:
        return f"{words[0]}: {refused.strerror}"
    error = (done.stderr or done.stdout).strip()[-500:] or f"exit {done.returncode}"
    return error if done.returncode else ""


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("Stopped. Run start.py again: it goes on where it can.")
