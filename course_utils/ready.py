"""Is this machine ready for the course? Asked before a class, answered in one line.

The packages are compared with `constraints.txt`, then one reply is streamed from the
course's own server through the real `ChatOpenAI`, which is what every notebook needs.
Nothing but the standard library is imported before it is known to be there.

    python start.py check
"""

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]


def ready() -> str:
    """What keeps the course from running here, in one sentence; empty if nothing."""
    return _packages() or _stream()


def _packages() -> str:
    """The first package the course names that is not here as pinned."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text("utf-8"))["project"]
    pins = dict(_PIN.findall((HERE / "constraints.txt").read_text("utf-8")))
    for line in project["dependencies"]:
        name = _NAME.split(line)[0]
        if (found := _version(name)) != pins[name]:
            return (
                f"The course needs {name} {pins[name]} and here it is {found}: "
                "run python start.py."
            )
    return ""


_PIN = re.compile(r"^([\w.-]+)==([\w.]+)", re.MULTILINE)
_NAME = re.compile(r"[^\w.-]")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def _stream() -> str:
    """Why no reply comes through a port of this machine; empty if it comes."""
    try:
        from langchain_openai import ChatOpenAI
        from pydantic import SecretStr

        from course_utils.fake_server import FakeServer
        from course_utils.offline import stay_offline

        stay_offline()
        with FakeServer(replies=["ready"]) as server:
            key = SecretStr("offline")
            model = ChatOpenAI(model="fake", base_url=server.url, api_key=key)
            reply = "".join(chunk.text for chunk in model.stream("Are you ready?"))
    except ImportError as error:
        return (
            f"The course is not whole ({error}): delete .venv and run python start.py."
        )
    except Exception as error:  # whatever it is, a sentence helps more than a traceback
        return (
            f"The course's server on 127.0.0.1 gave no answer ({error}): "
            "see that no firewall and no proxy stands between."
        )
    return "" if reply == "ready" else f"The course's server answered {reply!r}."


def main() -> None:
    """Print the answer; the exit code is 1 if something is missing."""
    if problem := ready():
        sys.exit(problem)
    names = ("jupyterlab", "langchain", "langchain-openai")
    versions = [f"{name} {metadata.version(name)}" for name in names]
    print("ready: Python", sys.version.split()[0] + ",", ", ".join(versions))


if __name__ == "__main__":
    main()
