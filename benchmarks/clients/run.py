"""One client's program, run in an environment of its own against a fake server.

The first lines of a program say which packages it needs and what it asks for. The
environment is made for one run and thrown away; what was downloaded stays cached.

    run(program, {}).verdict      # "works"
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage, ToolMessage

from course_utils.fake import Reply, ToolCall
from course_utils.fake.server import FakeServer

HERE = Path(__file__).parent
TEXT = "A stream is a promise: more will come, and at its end it says so."
PATIENCE = 150
# Clients that tell their makers of each run, or look for news of prices.
QUIET = {
    "AGNO_TELEMETRY": "false",
    "ANONYMIZED_TELEMETRY": "False",
    "CREWAI_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "LANGSMITH_TRACING": "false",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "NO_COLOR": "1",
    "OPENAI_AGENTS_DISABLE_TRACING": "1",
    "OTEL_SDK_DISABLED": "true",
    "PYTHONWARNINGS": "ignore",
}


@dataclass(frozen=True)
class Program:
    """A client's program: its file, and what the file's first lines say."""

    file: Path

    @cached_property
    def _head(self) -> str:
        return self.file.read_text("utf-8").split("\n\n# ", 1)[0]

    @property
    def title(self) -> str:
        """The client, as the page names it."""
        return self._head.partition("\n")[0].strip('"/# ')

    @property
    def kind(self) -> str:
        """The folder it is in: `python`, `node` or `shell`."""
        return self.file.parent.name

    def _field(self, name: str) -> str:
        found = re.search(rf"^\W*{name}: (.*)$", self._head, re.MULTILINE)
        if found is None:
            raise ValueError(f"{self.file} does not say its {name}.")
        return found[1].strip()

    @property
    def packages(self) -> list[str]:
        """The packages it needs, the client itself first."""
        return [name for name in self._field("packages").split() if name != "-"]

    @property
    def asks(self) -> str:
        """`chat`, `tool` (and then the answer), `object` or `field`."""
        return self._field("asks")


@dataclass(frozen=True)
class Outcome:
    """What a program printed, how it ended, and how often the server was asked."""

    status: int
    out: str
    error: str
    asked: int

    @property
    def verdict(self) -> str:
        """In a few words."""
        said = self.out.strip()
        if self.status == 0:
            if TEXT in said:
                return "works" if said == TEXT else "the whole text, after a part of it"
            if said and TEXT.startswith(said):
                return "**silence**: half the text and no error"
            return f"other text: {said[:60]!r}"
        return f"{last_error(self.error)}{'' if said else '; no text was shown'}"


def last_error(text: str) -> str:
    """The last line of a traceback that names an error, in Python or JavaScript.

    >>> last_error("Traceback ...\\nhttpx.ReadError: [Errno 104] reset by peer\\n")
    '`ReadError`: [Errno 104] reset by peer'
    """
    found = re.findall(
        r"^\W*(?:\w+\.)*([A-Z]\w*(?:Error|Exception|Failed))(?: \[\w+\])?(?:: (.*))?$",
        text,
        re.MULTILINE,
    )
    if not found:
        lines = [line for line in text.strip().splitlines() if line.strip()]
        return lines[-1].strip()[:90] if lines else "no word"
    name, said = found[-1]
    said = re.sub(r"0x[0-9a-f]+|127\.0\.0\.1:\d+", "…", said.strip())
    return f"`{name}`: {said[:70]}" if said else f"`{name}`"


def run(program: Program, fault: dict[str, Any]) -> Outcome:
    """Run a program against a server whose answer has this fault, if any."""
    with (
        tempfile.TemporaryDirectory() as folder,
        FakeServer(answers(program.asks, fault)) as server,
    ):
        keys = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "offline"}
        command = prepared(program, Path(folder))
        try:
            done = subprocess.run(
                command,
                env=os.environ | QUIET | keys,
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            return Outcome(1, "", f"no end after {PATIENCE} s", len(server.log))
        return Outcome(done.returncode, done.stdout, done.stderr, len(server.log))


def answers(asks: str, fault: dict[str, Any]) -> Any:
    """What the server says: a tool call first where a tool is asked for."""

    def answer(messages: Sequence[BaseMessage]) -> Reply:
        if asks == "tool" and not isinstance(messages[-1], ToolMessage):
            return Reply(tool_calls=[ToolCall("weather", {"city": "Bern"})])
        if asks == "object":
            return Reply(tool_calls=[ToolCall("Saying", {"text": TEXT})], **fault)
        if asks == "field":
            marks = "[[ ## answer ## ]]\n{}\n\n[[ ## completed ## ]]"
            return Reply(marks.format(TEXT), **fault)
        return Reply(TEXT, **fault)

    return answer


def prepared(program: Program, folder: Path) -> list[str]:
    """The command that runs a program, its environment made."""
    if program.file.suffix == ".py":
        # -P: a program that is named as its client is not imported in its place.
        return [*python(program), "python", "-P", str(program.file)]
    if program.file.suffix == ".sh":
        return ["bash", str(program.file)]
    copy = folder / program.file.name  # Node looks for packages beside the program
    copy.write_bytes(program.file.read_bytes())
    if program.packages:
        npm(program, folder)
    return ["node", str(copy)]


def python(program: Program) -> list[str]:
    """A command in an environment with the program's packages."""
    more = [word for name in program.packages for word in ("--with", name)]
    uv = [sys.executable, "-m", "uv", "run", "--quiet", "--no-project", "--isolated"]
    return [*uv, "--python", "3.11", *more]


def npm(program: Program, folder: Path) -> None:
    """Install a program's packages into a folder."""
    command = [
        "npm",
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--prefer-offline",
    ]
    subprocess.run([*command, *program.packages], cwd=folder, check=True, timeout=300)


def version(program: Program) -> str:
    """The version of the client that is tried."""
    if program.file.suffix == ".sh":
        return _said(["curl", "--version"]).split()[1]
    name = re.sub(r"\[.*", "", [*program.packages, ""][0])
    if program.file.suffix == ".py":
        code = f"from importlib.metadata import version; print(version({name!r}))"
        of_python = "import platform; print(platform.python_version())"
        return _said([*python(program), "python", "-c", code if name else of_python])
    if not name:
        return _said(["node", "--version"]).removeprefix("v")
    with tempfile.TemporaryDirectory() as folder:
        npm(program, Path(folder))
        told = Path(folder) / "node_modules" / name / "package.json"
        return str(json.loads(told.read_text("utf-8"))["version"])


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return done.stdout.strip() or last_error(done.stderr)
