"""Is this machine ready for the course? The doctor looks, and says what to do.

Each look answers one question and gives a sentence, with what to do, for what it finds.
Nothing but the standard library is imported before it is known to be there.

    python start.py check
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import metadata, util
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
MEGABYTES = 50  # for what notebooks and their kernels write
PATIENCE = 60  # seconds for a kernel to start, on a slow disk for the first time


def findings() -> Iterator[str]:
    """What keeps the course from running here, a sentence each; none if nothing does.

    What is missing explains what fails after it: the first look that finds something
    is the last.
    """
    for look in LOOKS:
        found = list(look())
        yield from found
        if found:
            return


def _shell() -> Iterator[str]:
    """Variables that lead programs astray."""
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR"):
        if (path := os.environ.get(name)) and not Path(path).exists():
            yield f"{name} names {path}, which is not there: unset it."
    for name in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"):
        for spelled in (name, name.lower()):
            kind, found, _ = os.environ.get(spelled, "").partition("://")
            if found and kind.lower() not in ("http", "https"):
                yield (
                    f"{spelled} names a proxy of {kind}, through which no model of "
                    "yours is reached: set HTTPS_PROXY to one of http, and unset it."
                )


def _disk() -> Iterator[str]:
    free = shutil.disk_usage(HERE).free // 2**20
    if free < MEGABYTES:
        yield f"The disk has {free} MB left and notebooks are saved on it: make room."
    folder = os.environ.get("COURSE_PROGRESS")
    if folder and not os.access(folder, os.W_OK):
        yield f"COURSE_PROGRESS names {folder}, which can't be written: see its rights."


def _lines_of(extra: str, extras: dict[str, list[str]]) -> Iterator[str]:
    """The packages of an extra, and of the extras that it names in turn."""
    for line in extras[extra]:
        if inner := re.match(r"course-utils\[([\w,]+)\]", line):
            for name in inner[1].split(","):
                yield from _lines_of(name, extras)
        else:
            yield line


def _packages() -> Iterator[str]:
    """The packages the course names that are not here as pinned."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text("utf-8"))["project"]
    pins = dict(_PIN.findall((HERE / "constraints.txt").read_text("utf-8")))
    extras = project["optional-dependencies"]
    for line in (*project["dependencies"], *_lines_of("notebooks", extras)):
        name = _NAME.split(line)[0]
        if (found := _version(name)) != pins[name]:
            yield (
                f"The course needs {name} {pins[name]} and here it is {found}: "
                "run python start.py, which puts it right."
            )


def _shadows() -> Iterator[str]:
    """Files of the learner that a notebook would import instead of a package."""
    for file in sorted((HERE / "notebooks").glob("*.py")):
        name = file.stem
        if name in sys.stdlib_module_names or util.find_spec(name) is not None:
            yield f"notebooks/{name}.py hides the package {name}: give it another name."


_PIN = re.compile(r"^([\w.-]+)==([\w.]+)", re.MULTILINE)
_NAME = re.compile(r"[^\w.-]")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def _stream() -> Iterator[str]:
    """Does a reply come through a port of this machine?"""
    try:
        reply = _asked()
    except ImportError as error:
        yield (
            f"The course is not whole ({error}): delete .venv and run python start.py."
        )
    except Exception as error:  # whatever it is, a sentence helps more than a traceback
        yield (
            f"The course's server on 127.0.0.1 gave no answer ({_short(error)}): "
            "see that no firewall and no proxy stands between."
        )
    else:
        if reply != "ready":
            yield f"The course's server answered {reply!r}: run python start.py test."


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


def _kernel() -> Iterator[str]:
    """Does the kernel that a notebook will get start, and does it know the course?"""
    from jupyter_client.manager import start_new_kernel

    code = "import course_utils, sys; print(sys.prefix)"
    printed: list[str] = []
    try:
        manager, client = start_new_kernel(
            PATIENCE,
            kernel_name="python3",
            cwd=str(HERE),
            stderr=subprocess.DEVNULL,  # where it says that it talks over TCP
        )
    except Exception as error:
        yield (
            f"The kernel of the notebooks does not start ({_short(error)}): "
            "see what `jupyter kernelspec list` names, or delete .venv and start anew."
        )
        return
    try:
        answer = client.execute_interactive(
            code, timeout=PATIENCE, output_hook=lambda m: printed.append(_said(m))
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    yield from _wrong_kernel(answer["content"], "".join(printed).strip())


def _said(message: dict[str, dict[str, str]]) -> str:
    return message["content"].get("text", "")


def _wrong_kernel(reply: dict[str, str], prefix: str) -> Iterator[str]:
    if reply["status"] != "ok":
        yield (
            f"The notebooks' kernel does not know the course ({reply['evalue']}): "
            "unset JUPYTER_PATH and PYTHONPATH, and start with python start.py."
        )
    elif Path(prefix).resolve() != Path(sys.prefix).resolve():
        yield (
            f"The kernel of the notebooks runs in {prefix}, not in {sys.prefix}: "
            "unset JUPYTER_PATH, or start with python start.py."
        )


def _short(error: Exception) -> str:
    """An error in one line, without what might be secret."""
    line = " ".join(f"{type(error).__name__}: {error}".split())
    return re.sub(r"(key|token|password)=\S+", r"\1=…", line, flags=re.IGNORECASE)[:200]


LOOKS: list[Callable[[], Iterator[str]]] = [
    *(_packages, _shell, _shadows, _disk, _stream, _kernel),
]


def main() -> None:
    """Print the answer; the exit code is 1 if something is to be done."""
    found = list(findings())
    if found:
        sys.exit("\n".join(found))
    names = ("jupyterlab", "langchain", "langchain-openai")
    versions = [f"{name} {metadata.version(name)}" for name in names]
    print("ready: Python", sys.version.split()[0] + ",", ", ".join(versions))


if __name__ == "__main__":
    main()
