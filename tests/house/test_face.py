"""The face of the package: what is public, how it is shown, what it needs."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import course_utils
from course_utils import (
    FakeServer,
    FakeStreamingChatModel,
    Finish,
    PartialRecorder,
    Passage,
    ReplayBuffer,
    Reply,
    SentenceBuffer,
    SizeBuffer,
    SQLiteStreamCache,
    StreamView,
    Throttle,
    ToolCall,
    VirtualClock,
    WordBuffer,
    buffered,
    cached,
    course_clock,
    measure,
    on_token,
    own_stream,
    race,
    read_sse,
    reliable,
    show,
)

ROOT = Path(__file__).resolve().parents[2]
MODEL = FakeStreamingChatModel("Hi there.", clock=VirtualClock())
WIRE = ["event: text", "id: 7", "data: 1", ""]


def recorded() -> PartialRecorder:
    with PartialRecorder() as recorder:
        MODEL.invoke("Hi", {"callbacks": [recorder]})
    return recorder


def served() -> FakeServer:
    with FakeServer("Hi.") as server:
        assert repr(server) == "FakeServer(running)", "a port changes at every start"
    return server


# What a cell may end in, and what it then shows: the same in every run.
SHOWN: dict[str, Any] = {
    "FakeStreamingChatModel()": lambda: MODEL,
    "FakeStreamingChatModel(preset='fast')": lambda: FakeStreamingChatModel(
        preset="fast"
    ),
    "ReliableChatModel(FakeStreamingChatModel())": lambda: reliable(MODEL),
    "CachedChatModel(FakeStreamingChatModel(), delivery='paced')": lambda: cached(
        MODEL, delivery="paced"
    ),
    "FakeServer(stopped)": served,
    "Reply('a')": lambda: Reply("a"),
    "ToolCall(name='pay', args={}, id='')": lambda: ToolCall("pay", {}),
    "SizeBuffer(size=80)": lambda: SizeBuffer(80),
    "WordBuffer()": WordBuffer,
    "SentenceBuffer()": SentenceBuffer,
    "Throttle(seconds=0.5)": lambda: Throttle(0.5),
    "buffered(SizeBuffer, size=80)": lambda: buffered(SizeBuffer, size=80),
    "SQLiteStreamCache('a.db')": lambda: SQLiteStreamCache("a.db"),
    "ReplayBuffer(0 streams)": ReplayBuffer,
    "StreamView('answer')": lambda: StreamView("answer"),
    "PartialRecorder(1 run)": recorded,
    "on_token(print)": lambda: on_token(print),
    "own_stream(...)": lambda: own_stream(iter(["Hi"])),
    "VirtualClock()": VirtualClock,
    "Clock()": lambda: course_clock,
    "Finish(reason='stop', meaning='whole')": lambda: Finish("stop", "whole"),
    "Passage(kind='text', text='Hi')": lambda: Passage("text", "Hi"),
    "Event(event='text', data='1')": lambda: next(iter(read_sse(WIRE))),
    "'Hi there.'": lambda: show(MODEL.stream("Hi")),
    "{'a': 'Hi there.'}": lambda: race(a=MODEL.stream("Hi")),
    "first token 0.00 s · 3 chunks · 0.0 chunks/s · total 0.00 s · done: stop": (
        lambda: measure(MODEL.stream("Hi"), clock=VirtualClock())
    ),
}


@pytest.mark.parametrize(("shown", "make"), SHOWN.items(), ids=list(SHOWN))
def test_what_a_cell_may_end_in_shows_itself_in_a_few_stable_words(shown, make):
    assert repr(make()) == shown


def test_a_run_that_was_recorded_shows_no_id_and_no_time():
    assert re.sub(r"finish=Finish\(.*?\)", "finish", repr(recorded().last)) == (
        "RunRecord(text='Hi there.', reasoning='', finish, outcome='finished', "
        "error=None)"
    )


NAMES = [
    "Buffer",
    "Finish",
    "Passage",
    "StreamError",
    "add_word",
    "finish_of",
    "passages",
]


def test_what_others_build_on_is_public():
    assert set(NAMES) <= set(course_utils.__all__)
    assert course_utils.__all__ == sorted(course_utils.__all__)
    for name in course_utils.__all__:
        assert getattr(course_utils, name) is not None


def test_its_types_go_with_the_package():
    assert (Path(course_utils.__file__).parent / "py.typed").exists()


# The page "From 1.0 to 2.0"

PAGE = (ROOT / "docs/from_1_to_2.md").read_text("utf-8")
THEN, NOW = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def run_of(code: str, folder: Path) -> dict[str, Any]:
    """What these lines leave behind, on a clock that does not wait."""
    found: dict[str, Any] = {}
    exec(code.replace("answers.db", str(folder / "answers.db")), found)
    return found


def test_the_ten_lines_of_2_0_run_without_a_warning(tmp_path, recwarn):
    found = run_of(NOW, tmp_path)
    assert found["answer"] == found["raced"]["second"] == "One two three."
    assert f'"{found["ending"]}"' in NOW
    assert [one for one in recwarn if one.category is FutureWarning] == []


def test_the_ten_lines_of_1_0_run_and_each_old_name_says_the_new_one(tmp_path):
    with pytest.warns(FutureWarning) as told:
        found = run_of(THEN, tmp_path)
    assert found["answer"] == "One two three."
    words = " ".join(str(one.message) for one in told)
    for old in ("patience", "replay", "first_token", "between_tokens", "total"):
        assert f"({old}=...) is called" in words
    assert len(told) == 5 and all(one.filename == "<string>" for one in told)


# The take-home parts: without the notebooks' packages

TAKE_HOME = """
import sys
for name in {blocked}:
    sys.modules[name] = None        # as if it were not installed
from pydantic import BaseModel
from course_utils import *
class Town(BaseModel):
    name: str
model = FakeStreamingChatModel("Hi there.")
sturdy = reliable(cached(model), [model], total_timeout=9)
assert show((sturdy | buffered(WordBuffer)).stream("Hi")) == "Hi there."
assert measure(sturdy.stream("Hi")).ending == "done: stop"
assert race(a=model.stream("Hi"), b=model.stream("Hi"))["b"] == "Hi there."
assert FakeStreamingChatModel().with_structured_output(Town).invoke("Hi").name
with FakeServer("Hi.") as server:
    assert server.url
for tool in (lambda: sse_response(model.stream("Hi")), lambda: RedisStreamCache("redis://a")):
    try:
        tool()
    except ModuleNotFoundError as error:
        print(error)
"""


def test_the_take_home_parts_work_without_the_notebooks_packages():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lists = extras["optional-dependencies"]
    listed = [re.split(r"[\[>]", one)[0] for x in lists.values() for one in x]
    renamed = {"ipython": "IPython", "markdown-it-py": "markdown_it"}
    # langchain-core brings httpx itself.
    blocked = {renamed.get(x, x.replace("-", "_")) for x in listed} - {"course_utils"}
    blocked -= {"httpx"}
    done = subprocess.run(
        [sys.executable, "-c", TAKE_HOME.format(blocked=sorted(blocked))],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == [
        "sse_response() needs fastapi, which is not installed here: "
        'pip install "course-utils[serve]".',
        "RedisStreamCache() needs redis, which is not installed here: "
        'pip install "course-utils[redis]".',
    ]
