"""Go or no go: what a teacher runs on the class's machine the evening before.

    python -m course_utils.lessons.evening 20 --hub https://hub.example.org

It looks as a learner would: a kernel runs notebook 1, a server on a free port streams,
the shared folder takes a file. It ends with *go*, or with what is missing.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from course_utils.fake.model import FakeStreamingChatModel
from course_utils.fake.server import FakeServer
from course_utils.fake.your_model import your_model
from course_utils.style import wrapped
from course_utils.teaching.stub import NOTEBOOKS

EACH = 1024  # megabytes a learner: a server and two or three open notebooks
DISK = 50  # megabytes a learner's working copy and its outputs take

Look = Callable[[], str]


def free_memory() -> int:
    """Megabytes that new programs could have; 0 where the system doesn't say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 0
    found = dict(line.split(":", 1) for line in lines)
    return int(found["MemAvailable"].split()[0]) // 1024


class Missing(Exception):
    """What has to be put right before the class, in one sentence."""


def memory(learners: int, free: int) -> str:
    """Whether the machine holds this many learners.

    >>> memory(20, 24 * 1024)
    'memory: 24 GB free, 20 GB for 20 learners'
    """
    wanted = learners * EACH
    space = f"{free / 1024:.0f} GB free, {wanted / 1024:.0f} GB for {learners} learners"
    if free and free < wanted:
        raise Missing(f"memory: {space}: take a larger machine, or fewer learners.")
    return f"memory: {space}"


def disk(learners: int, free: int) -> str:
    """Whether each learner's working copy finds room."""
    if free < learners * DISK:
        raise Missing(
            f"disk: {free} MB free, {learners * DISK} MB for {learners}: make room."
        )
    return f"disk: {free // 1024} GB free"


def board() -> str:
    """Whether learners can join the class board."""
    folder = os.environ.get("COURSE_PROGRESS")
    if not folder:
        return "class board: none, since COURSE_PROGRESS is not set"
    try:
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise Missing(
            f"class board: {folder} can't be written ({error.strerror}): "
            f"mkdir -p {folder} and chmod 1733 {folder}."
        ) from None
    return f"class board: {folder} can be written"


def stream() -> str:
    """Whether a server on a free port streams to this machine's own client."""
    import httpx

    messages = [{"role": "user", "content": "Is all well?"}]
    body = {"model": "any", "stream": True, "messages": messages}
    with FakeServer("Good evening.") as server:
        try:
            answer = httpx.post(
                f"{server.url}/chat/completions",
                json=body,
                headers={"Authorization": "Bearer offline"},
                trust_env=False,
            )
        except httpx.HTTPError as error:
            raise Missing(
                f"stream: {type(error).__name__} on 127.0.0.1: see that no firewall "
                "stands between a program and its own machine."
            ) from None
    if "[DONE]" not in answer.text:
        raise Missing(
            f"stream: the server said {answer.status_code}: run start.py check."
        )
    return "stream: a server on a free port streams to its end"


def model() -> str:
    """Whether the class's own model answers, if one is named."""
    name = os.environ.get("COURSE_MODEL")
    if not name:
        return "model: the scripted one, for which no key is needed"
    try:
        model = your_model(FakeStreamingChatModel(replies="x"))
        text = "".join(chunk.text for chunk in model.stream("Say yes."))
    except Exception as error:
        words = str(error).strip().splitlines() or [""]
        raise Missing(
            f"model: {name} answered {type(error).__name__}: {words[0][:80]}: "
            "see the key's proxy and OPENAI_BASE_URL."
        ) from None
    return f"model: {name} answers, {len(text)} letters"


def notebook(path: Path) -> str:
    """Whether a kernel runs a notebook to its end."""
    if not path.exists():
        raise Missing(f"notebook: {path} is not here: clone the whole course.")
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(path, folder)
        command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute"]
        ran = subprocess.run([*command, copy], capture_output=True, text=True)
    if ran.returncode:
        last = (ran.stderr.strip().splitlines() or ["no word why"])[-1][:80]
        raise Missing(f"notebook: {path.name}: {last}: run start.py check.")
    return f"notebook: {path.name} runs to its end"


def hub(address: str) -> str:
    """Whether the hub answers where learners will open it."""
    import httpx

    try:
        answer = httpx.get(f"{address.rstrip('/')}/hub/health", timeout=20)
    except httpx.HTTPError as error:
        raise Missing(
            f"hub: {address} gave {type(error).__name__}: see that the hub runs and "
            "that this machine reaches it."
        ) from None
    if answer.status_code != 200:
        raise Missing(f"hub: {address} said {answer.status_code}: see the hub's log.")
    return f"hub: {address} is up"


def looks(learners: int, address: str = "") -> Iterator[Look]:
    """All looks, the quick ones first."""
    here = shutil.disk_usage(Path.cwd()).free // 2**20
    yield lambda: memory(learners, free_memory())
    yield lambda: disk(learners, here)
    yield board
    yield stream
    yield model
    if address:
        yield lambda: hub(address)
    yield lambda: notebook(next(NOTEBOOKS.glob("01_*.ipynb"), NOTEBOOKS / "01"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each look and the verdict; gives 0 for go, 1 for no go."""
    parser = argparse.ArgumentParser(prog="python -m course_utils.lessons.evening")
    parser.add_argument("learners", type=int, help="how many share this machine")
    parser.add_argument("--hub", default="", help="the hub's address")
    options = parser.parse_args(arguments)
    missing = 0
    for look in looks(options.learners, options.hub):
        try:
            print(wrapped(f"✓ {look()}"), flush=True)
        except Missing as reason:
            missing += 1
            print(wrapped(f"✗ {reason}"), flush=True)
    print(f"no go: {missing} to put right" if missing else "go")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
