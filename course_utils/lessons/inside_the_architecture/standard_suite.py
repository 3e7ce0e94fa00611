"""LangChain's own tests for chat models, run on any model class, in a notebook too.

The tests are pytest tests. They run in a thread with an event loop of its own, because
a notebook's loop is busy with the cell that asks.

    standard_suite(MyModel)
"""

import contextlib
import io
import itertools
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from langchain_core.language_models import BaseChatModel

TESTS = """
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

import {target}

class Model:
    chat_model_class = property(lambda self: {target}.model_class)
    chat_model_params = property(lambda self: {{}})
    has_tool_calling = property(lambda self: {tools})
    has_structured_output = property(lambda self: {tools})

class TestUnit(Model, ChatModelUnitTests): ...
class TestIntegration(Model, ChatModelIntegrationTests): ...
"""
OPTIONS = [
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:nbval",
    "-p",
    "no:langsmith_plugin",
    "--benchmark-disable",
    "--disable-warnings",
    "-o",
    "asyncio_mode=auto",
    "-o",
    "asyncio_default_fixture_loop_scope=function",
    "--tb=no",
]
_runs = itertools.count()


@dataclass(frozen=True)
class SuiteResult:
    """How a model did in LangChain's standard tests.

    Attributes:
        passed: How many tests passed.
        failed: The names of those that did not, sorted.
        why: What the first of these said, in one line.
    """

    passed: int
    failed: tuple[str, ...]
    why: str = ""

    def __repr__(self) -> str:
        if not self.failed:
            return f"{self.passed} passed, 0 failed"
        named = "".join(f"\n  {name}" for name in self.failed[:5])
        more = len(self.failed) - 5
        rest = f"\n  and {more} more" if more > 0 else ""
        return f"{self.passed} passed, {len(self.failed)} failed:{named}{rest}"


class _Tally:
    """A pytest plugin that counts."""

    def __init__(self) -> None:
        self.passed: set[str] = set()
        self.failed: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        name = report.nodeid.rpartition("::")[2].partition("[")[0]
        if report.failed:
            self.failed.setdefault(name, _said(report))
        elif report.passed and report.when == "call":
            self.passed.add(name)


def _said(report: Any) -> str:
    """The error of a failed test, in one line."""
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(getattr(crash, "message", report.longrepr)).partition("\n")[0]


def standard_suite(
    model_class: type[BaseChatModel], *, tools: bool = True
) -> SuiteResult:
    """Run LangChain's unit and integration tests on a chat model class.

    Args:
        model_class: The class; it must be made without arguments.
        tools: Whether the model is meant to know tools; if not, their tests are left.
    """
    target = f"course_utils_suite_{next(_runs)}"
    module = ModuleType(target)
    module.model_class = model_class  # type: ignore[attr-defined]  # for the tests
    sys.modules[target] = module
    tally = _Tally()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"test_{target}.py")
        file.write_text(TESTS.format(target=target, tools=tools), "utf-8")
        thread = threading.Thread(target=_run, args=([str(file)], folder, tally))
        thread.start()
        thread.join()
    del sys.modules[target]
    failed = sorted(tally.failed)
    why = tally.failed[failed[0]] if failed else ""
    return SuiteResult(len(tally.passed - set(failed)), tuple(failed), why)


def _run(files: Sequence[str], folder: str, tally: _Tally) -> None:
    import pytest

    with contextlib.redirect_stdout(io.StringIO()):
        root = ["--rootdir", folder, "-c", str(Path(folder, "none.ini"))]
        root.append(f"--benchmark-storage=file://{folder}")  # else one is made here
        Path(folder, "none.ini").write_text("[pytest]\n", "utf-8")
        pytest.main([*files, *OPTIONS, *root], plugins=[tally])
