"""Run a learner's code where it can do no harm: in a thread, with a time limit.

A loop that never ends is stopped; a call that waits for ever is left behind. Async
code gets an event loop of its own, for the notebook's is busy with the cell.

    in_sandbox(lambda: check(answer), limit=10.0)
"""

import asyncio
import ctypes
import inspect
import io
import threading
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any


class OutOfTime(BaseException):
    """Raised inside code that runs too long; no `except Exception` stops it."""


MERCY = 0.2  # real seconds for a loop to notice that it is stopped

# What is kept of what a run prints; a loop that prints has soon filled the memory.
MOST_PRINTED = 10_000


class Printed(io.StringIO):
    """What a run prints: the beginning is kept, and when its time is over it ends."""

    over = False

    def write(self, text: str) -> int:
        if self.over:
            raise OutOfTime
        super().write(text[: max(0, MOST_PRINTED - self.tell())])
        return len(text)


@dataclass
class Run:
    """How a run went: its result or error, what it printed, whether it ended."""

    result: Any = None
    error: BaseException | None = None
    printed: str = ""
    ended: bool = True
    _output: Printed = field(default_factory=Printed)


def in_sandbox(work: Callable[[], Any], limit: float) -> Run:
    """Run `work` for at most `limit` real seconds; never raises."""
    run = Run()
    thread = threading.Thread(target=_into, args=(run, work, limit), daemon=True)
    with redirect_stdout(run._output):
        thread.start()
        try:
            thread.join(limit + 1.0)  # async code is cancelled first, by its loop
        except KeyboardInterrupt as stop:
            run.error = stop
        if thread.is_alive():
            run._output.over = True
            _interrupt(thread)
            run.ended = False
            thread.join(MERCY)  # what it prints meanwhile is not shown either
    run.printed = run._output.getvalue()
    return run


def _into(run: Run, work: Callable[[], Any], limit: float) -> None:
    try:
        result = work()
        if inspect.isawaitable(result):
            result = asyncio.run(_within(result, limit))
        run.result = result
    except (TimeoutError, OutOfTime) as error:
        run.ended = not isinstance(error, OutOfTime) and str(error) != "limit"
        run.error = error
    except BaseException as error:
        run.error = error


async def _within(result: Any, limit: float) -> Any:
    task = asyncio.ensure_future(result)
    finished, _ = await asyncio.wait([task], timeout=limit)
    if not finished:
        task.cancel()
        raise TimeoutError("limit")
    return task.result()


def _interrupt(thread: threading.Thread) -> None:
    """Raise OutOfTime in a thread: it ends a loop, not a call that waits in C."""
    number = ctypes.c_ulong(thread.ident or 0)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ctypes.py_object(OutOfTime))
