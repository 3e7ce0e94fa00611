"""Is this machine ready for the course? The doctor looks, and says what to do.

Each look yields a sentence, with what to do, for each thing it finds wrong, and returns
what it saw. Only the standard library is imported before the packages are known.

    python start.py check
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Generator, Iterator
from importlib import metadata, util
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[2]
FOLDERS = ("my-notebooks", "notebooks")  # where a kernel of the course may start
MEGABYTES = 50  # for what notebooks and their kernels write
PATIENCE = 60  # seconds for a kernel to start, on a slow disk for the first time
LONGEST = 120  # of a path on Windows, whose names end at 260
SYNCED = {"onedrive", "dropbox", "icloud drive", "google drive", "mobile documents"}
CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "PIP_CERT")
PROXIES = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY")
COLUMNS = textwrap.TextWrapper(80, "", " " * 14, break_long_words=False)
WIDGETS = ("@jupyter-widgets/jupyterlab-manager", "anywidget")

Look = Generator[str, None, str]


def report() -> Iterator[tuple[str, list[str], str]]:
    """Each look's name, what it found wrong, and what it saw, as soon as it is known.

    What needs the packages is not looked at while one of them is missing.
    """
    whole = True
    for name, look in LOOKS.items():
        if not whole and look in NEED_PACKAGES:
            yield name, [], "not looked at: the packages come first"
            continue
        wrong, saw = _take(look())
        whole = whole and not (wrong and look is _packages)
        yield name, wrong, saw


def findings() -> Iterator[str]:
    """A sentence for each thing that keeps the course from running here."""
    for _name, wrong, _saw in report():
        yield from wrong


def _take(look: Look) -> tuple[list[str], str]:
    wrong = []
    while True:
        try:
            wrong.append(next(look))
        except StopIteration as done:
            return wrong, done.value


def _python() -> Look:
    """Is this a Python that the packages are made for?"""
    if sys.version_info < (3, 11):  # noqa: UP036  start.py is not the only way here
        yield "This Python is too old: install 3.11 or newer from python.org."
    if sys.maxsize < 2**32:
        yield "This Python is a 32-bit one, and packages are for 64: install that one."
    return f"{sys.version.split()[0]} in {sys.prefix}"


def _packages() -> Look:
    """Are the packages the course names here as pinned?"""
    pins = dict(_PIN.findall((HERE / "constraints.txt").read_text("utf-8")))
    names = sorted(_needed())
    there = {name: _version(name) for name in names}
    if missing := [name for name in names if not there[name]]:
        yield (
            f"{len(missing)} packages are missing, {missing[0]} for one: run python "
            "start.py, which brings them."
        )
    for name in names:
        if there[name] and there[name] != pins[name]:
            yield (
                f"The course needs {name} {pins[name]} and here it is {there[name]}: "
                "run python start.py, which puts it right."
            )
    shown = ("jupyterlab", "langchain", "langchain-openai")
    return f"{len(names)} as pinned: " + ", ".join(f"{n} {pins[n]}" for n in shown)


_PIN = re.compile(r"^([\w.-]+)==([\w.]+)", re.MULTILINE)
_NAME = re.compile(r"[^\w.-]")


def _needed() -> set[str]:
    import tomllib  # not before Python 3.11 was asked for

    project = tomllib.loads((HERE / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [line for e in extras if e not in ("test", "load") for line in extras[e]]
    names = {_NAME.split(line)[0] for line in (*project["dependencies"], *wanted)}
    return names - {project["name"]}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _shell() -> Look:
    """Do variables of the shell lead programs astray?"""
    for name in CERTIFICATES:
        if (path := os.environ.get(name)) and not Path(path).exists():
            yield f"{name} names {path}, which is not there: unset it."
    proxies = {n: v for n, v in os.environ.items() if n.upper() in PROXIES and v}
    for name, value in proxies.items():
        kind, found, _ = value.partition("://")
        if found and kind.lower() not in ("http", "https"):
            yield (
                f"{name} names a proxy of {kind}, through which no model of "
                "yours is reached: set HTTPS_PROXY to one of http, and unset it."
            )
    return ", ".join(f"{n}={masked(v)}" for n, v in proxies.items()) or "no proxy"


def _keys() -> Look:
    """Can a key that is set be read as it is? The lessons need none."""
    keys = {n: v for n, v in os.environ.items() if n.endswith("_API_KEY") and v}
    for name, key in keys.items():
        if key != key.strip(" \t\r\n\"'"):
            yield f"{name} has a blank or a quote at its end: set it again without."
    found = [f"{name} ({len(key)} characters)" for name, key in keys.items()]
    return ", ".join(found) or "none set, and none needed"


def masked(text: str) -> str:
    """A text without the password of an address and without what looks like a key.

    >>> masked("http://ada:secret@proxy:8080")
    'http://…@proxy:8080'
    >>> masked("refused: api_key=sk-123456789")
    'refused: api_key=…'
    """
    text = re.sub(r"(?<=://)[^/\s]+@", "…@", text)
    named = r"((?:key|token|password|secret)['\"]?\s*[=:]\s*)\S+"
    text = re.sub(named, r"\1…", text, flags=re.IGNORECASE)
    return re.sub(r"\b(sk|pk|lsv2|gsk|hf|ghp)[-_][\w-]{6,}", r"\1-…", text)


def _place() -> Look:
    """Does the folder, or one above it, get in the way?"""
    if os.name == "nt" and len(str(HERE)) > LONGEST:
        yield f"The path {HERE} is too long for Windows: move the course to C:\\course."
    above = {part.lower().split(" - ")[0] for part in HERE.parts}
    if above & SYNCED:
        yield (
            f"{HERE} is synchronised while the course writes to it: move it to a "
            "folder that is not."
        )
    free = shutil.disk_usage(HERE).free // 2**20
    if free < MEGABYTES:
        yield f"The disk has {free} MB left and notebooks are saved on it: make room."
    folder = os.environ.get("COURSE_PROGRESS")
    if folder and not os.access(folder, os.W_OK):
        yield f"COURSE_PROGRESS names {folder}, which can't be written: see its rights."
    return f"{HERE}, {free} MB free"


def _shadows() -> Look:
    """Would a notebook import a file of the learner's instead of a package?"""
    for folder in FOLDERS:
        for file in sorted((HERE / folder).glob("*.py")):
            name = file.stem
            if name in sys.stdlib_module_names or util.find_spec(name) is not None:
                yield f"{folder}/{name}.py hides the package {name}: rename it."
    return "none hides a package"


def _ports() -> Look:
    """Does a reply come through a port of this machine?"""
    try:
        reply = _asked()
    except ImportError as error:
        yield f"The course is not whole ({_short(error)}): {_whole_again(error)}"
    except Exception as error:  # whatever it is, a sentence helps more than a traceback
        yield (
            f"The course's server on 127.0.0.1 gave no answer ({_short(error)}): "
            "see that no firewall and no proxy stands between."
        )
    else:
        if reply != "ready":
            yield f"The course's server answered {reply!r}: run python start.py test."
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", 8888)) == 0
    return "8888 is " + ("taken, JupyterLab takes the next one" if taken else "free")


def _whole_again(error: ImportError) -> str:
    if "failed to map segment" in str(error):
        return "this disk lets no program run (noexec), move the course to another."
    return "delete .venv and run python start.py."


def _asked() -> str:
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    from course_utils.fake.server.server import FakeServer
    from course_utils.offline import stay_offline

    stay_offline()

    with FakeServer(replies=["ready"]) as server:
        model = ChatOpenAI(
            model="fake", base_url=server.url, api_key=SecretStr("offline")
        )
        return "".join(chunk.text for chunk in model.stream("Are you ready?"))


def _kernel() -> Look:
    """Does the kernel that a notebook will get start, and does it know the course?"""
    from jupyter_client.manager import start_new_kernel

    where = next((HERE / f for f in FOLDERS if (HERE / f).is_dir()), HERE)
    try:
        manager, client = start_new_kernel(
            PATIENCE,
            kernel_name="python3",
            cwd=str(where),
            stderr=subprocess.DEVNULL,  # where it says that it talks over TCP
        )
    except Exception as error:
        yield (
            f"The kernel of the notebooks does not start ({_short(error)}): "
            "see what `jupyter kernelspec list` names, or delete .venv and start anew."
        )
        return "none"
    try:
        reply = client.execute_interactive(
            "import course_utils, sys",
            timeout=PATIENCE,
            output_hook=lambda _: None,  # what a start-up file of yours prints
            user_expressions={"prefix": "sys.prefix"},
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return (yield from _right_kernel(reply["content"]))


def _right_kernel(reply: dict[str, Any]) -> Look:
    if reply["status"] != "ok":
        yield (
            f"The notebooks' kernel does not know the course ({reply['evalue']}): "
            "unset JUPYTER_PATH and PYTHONPATH, and start with python start.py."
        )
        return "not the course's"
    prefix = reply["user_expressions"]["prefix"]["data"]["text/plain"].strip("'\"")
    if Path(prefix).resolve() != Path(sys.prefix).resolve():
        yield (
            f"The kernel of the notebooks runs in {prefix}, not in {sys.prefix}: "
            "unset JUPYTER_PATH, or start with python start.py."
        )
    return f"python3 in {prefix}"


def _widgets() -> Look:
    """Will JupyterLab draw the live displays and the questions?"""
    from jupyter_core.paths import jupyter_path

    folders = [Path(folder) for folder in jupyter_path("labextensions")]
    for name in WIDGETS:
        if not any((folder / name / "package.json").exists() for folder in folders):
            yield f"JupyterLab lacks {name}: delete .venv and run python start.py."
    for file, name in _disabled():
        yield (
            f"{file} disables {name}, so no live display appears: run "
            f"jupyter labextension enable {name}"
        )
    return "both are there and on"


def _disabled() -> Iterator[tuple[Path, str]]:
    """Each file of a configuration that switches one of the widgets off."""
    from jupyter_core.paths import jupyter_config_path

    for folder in jupyter_config_path():
        file = Path(folder, "labconfig", "page_config.json")
        try:
            off = json.loads(file.read_text("utf-8")).get("disabledExtensions", {})
        except (OSError, ValueError, AttributeError):
            continue  # JupyterLab passes over such a file as well
        pairs = off.items() if isinstance(off, dict) else [(name, True) for name in off]
        yield from ((file, n) for n, is_off in pairs if is_off and n in WIDGETS)


def _configuration() -> Look:
    """Which files of your own do JupyterLab and the kernel read, too?"""
    yield from ()
    jupyter = Path(os.environ.get("JUPYTER_CONFIG_DIR") or Path.home() / ".jupyter")
    ipython = Path(os.environ.get("IPYTHONDIR") or Path.home() / ".ipython")
    profile = ipython / "profile_default"
    found = [*jupyter.glob("jupyter_*config.*"), *profile.glob("ipython*config.*")]
    found += profile.glob("startup/*.py")
    if not found:
        return "none of your own"
    return ", ".join(map(str, sorted(found))) + " (if something is odd, move them away)"


def _short(error: Exception) -> str:
    """An error in one line, without what might be secret."""
    return masked(" ".join(f"{type(error).__name__}: {error}".split()))[:200]


LOOKS: dict[str, Callable[[], Look]] = {
    "Python": _python,
    "packages": _packages,
    "shell": _shell,
    "keys": _keys,
    "folder": _place,
    "your files": _shadows,
    "settings": _configuration,
    "widgets": _widgets,
    "ports": _ports,
    "kernel": _kernel,
}
NEED_PACKAGES = {_widgets, _ports, _kernel}


def main() -> None:
    """Print each look as it is done; the exit code is 1 if something is to be done."""
    count = 0
    for name, wrong, saw in report():
        head = f"{'!' if wrong else ' '} {name:<12}"
        for line in wrong or [saw]:
            print(COLUMNS.fill(head + line), flush=True)
        count += len(wrong)
    if count:
        sys.exit(f"not ready: the {count} lines marked ! say what to do")
    print("ready")


if __name__ == "__main__":
    main()
