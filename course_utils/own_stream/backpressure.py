"""The gate every model under one stream passes: wait for the reader, or stop.

LangChain adds handlers from a context variable to every run that starts in it, at any
depth. The gate is such a handler, so it reaches a model inside a chain or an agent.

    behind(pressure).run(next, stream)      # models that start in here pass the gate
"""

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import Context, ContextVar, copy_context
from typing import Any
from weakref import WeakSet

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.context import register_configure_hook

from course_utils.own_stream.hearing import Hearing
from course_utils.streams import is_model

_in_threads: ContextVar["Backpressure | None"] = ContextVar(
    "course_backpressure", default=None
)
_in_loop: ContextVar["LoopBackpressure | None"] = ContextVar(
    "course_loop", default=None
)
register_configure_hook(_in_threads, inheritable=True)
register_configure_hook(_in_loop, inheritable=True)


class StreamStopped(GeneratorExit):
    """The reader has left: raised inside a sync model's stream at its next token.

    As a `GeneratorExit` it passes every `except Exception`, so nothing retries it.
    """


class TaskStopped(Exception):  # not an error: its reader has left
    """The same in a task that cancelling its stream did not reach.

    LangChain's async calls take a result for an answer unless it is an `Exception`.
    """


def _tells_an_error(record: logging.LogRecord) -> bool:
    """LangChain logs whatever a handler raises; that a reader has left is no error.

    Nor is it one of a task that nobody awaits, as a branch of a parallel chain is then.
    """
    raised = record.exc_info[1] if record.exc_info else None
    stopped = isinstance(raised, TaskStopped)
    return not stopped and f"{TaskStopped.__name__}(" not in record.getMessage()


class Backpressure(BaseCallbackHandler):
    """Lets tokens through while the reader reads, and stops the model when it left.

    Attributes:
        stopped: Whether the reader has left.
        hearing: What the models under this stream have told of their ends.
    """

    run_inline = True  # in the task that streams, else it cannot stop it
    raise_error = True
    ignore_chain = True

    room: "LoopBackpressure | None" = None  # its half in an event loop

    def __init__(self) -> None:
        self.stopped = False
        outer = _in_threads.get()  # of a stream that reads this one
        self._outer: Backpressure | None = outer
        self.hearing: Hearing = Hearing(outer.hearing if outer else None)
        self._reading = True
        self._changed = threading.Condition()
        self._waiting = 0

    def shut(self) -> bool:
        """Whether the reader of this stream, or of one around it, has left."""
        return self.stopped or (self._outer is not None and self._outer.shut())

    def reading(self, reading: bool) -> None:
        """The reader waits for an item, or does something else."""
        self._reading = reading
        self._wake()

    def stop(self) -> None:
        """The reader has left."""
        self.stopped = True
        self._wake()

    def _wake(self) -> None:
        # Who waits counts itself first and looks then, so nobody is missed; and no
        # lock is taken for a model that runs where it is read.
        if self._waiting:
            with self._changed:
                self._changed.notify_all()

    def pass_or_stop(self) -> None:
        """Wait until the reader reads; raise once it has left. For sync models."""
        if (room := _in_loop.get()) and room.is_here():
            return
        if not self._reading:
            self._wait()
        if self.shut():
            raise StreamStopped("the reader has left the stream")

    def _wait(self) -> None:
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(lambda: self._reading or self.stopped)
            self._waiting -= 1

    # What LangChain calls. In the stream's own loop its other half hears for both:
    # LangChain asks handlers one by one, for each token.

    @property
    def ignore_llm(self) -> bool:
        """Whether the half in the loop listens."""
        return self.room is not None and self.room.is_here()

    @property
    def ignore_chat_model(self) -> bool:
        return self.ignore_llm

    def on_chat_model_start(
        self, *args: Any, run_id: Any = None, metadata: Any = None, **kwargs: Any
    ) -> None:
        self.pass_or_stop()
        self.hearing.begins(run_id, metadata)

    def on_llm_start(self, *args: Any, **kwargs: Any) -> None:
        self.on_chat_model_start(**kwargs)

    def on_llm_new_token(
        self, token: Any, *, chunk: Any = None, run_id: Any = None, **kwargs: Any
    ) -> None:
        self.hearing.chunk(run_id, chunk)
        self.pass_or_stop()

    def on_stream_event(self, event: Any, *, run_id: Any = None, **kw: Any) -> None:
        self.hearing.event(run_id, event)
        self.pass_or_stop()

    def on_llm_end(self, response: Any, *, run_id: Any = None, **kwargs: Any) -> None:
        self.hearing.answers(run_id, response)

    def on_llm_error(self, error: Any, *, run_id: Any = None, **kwargs: Any) -> None:
        self.hearing.fails(run_id)


class LoopBackpressure(BaseCallbackHandler):
    """The same for models in the event loop, which a thread's wait would block.

    A model in the task of its own `reader` hands its items over itself: it never waits.
    """

    run_inline = True
    raise_error = True
    ignore_chain = True

    def __init__(
        self, pressure: Backpressure, reader: "asyncio.Task[Any] | None" = None
    ) -> None:
        self.pressure = pressure
        pressure.room = self
        self._reader = reader
        self.free = asyncio.Event()
        self.free.set()
        self.loop = asyncio.get_running_loop()
        self._came = True  # an item reached the queue since a token passed
        self._thread = threading.get_ident()
        self._tasks: WeakSet[asyncio.Task[Any]] = WeakSet()
        for teller in ("langchain_core.callbacks.manager", "asyncio"):
            logging.getLogger(teller).addFilter(_tells_an_error)

    def stop(self) -> None:
        """The reader has left: cancel every task in which a model has spoken."""
        for task in list(self._tasks):
            task.cancel()
        self.free.set()
        self._reader = None  # a task holds on to its error, and so to all its frames

    def full(self) -> None:
        """An item has come for which there is no room."""
        self.free.clear()

    def room(self) -> None:
        """An item has come, and there was room for it."""
        self._came = True
        self.free.set()

    def is_here(self) -> bool:
        """Whether this is called in the event loop of the stream."""
        # Each token asks, and to ask which loop runs costs a system call.
        return threading.get_ident() == self._thread

    @property
    def ignore_llm(self) -> bool:
        """Whether a sync model asks: it has no loop to wait in."""
        return not self.is_here()

    @property
    def ignore_chat_model(self) -> bool:
        return not self.is_here()

    async def on_chat_model_start(
        self, *args: Any, run_id: Any = None, metadata: Any = None, **kwargs: Any
    ) -> None:
        await self.pass_or_stop()
        self.pressure.hearing.begins(run_id, metadata)

    async def on_llm_start(self, *args: Any, **kwargs: Any) -> None:
        await self.on_chat_model_start(**kwargs)

    async def on_llm_new_token(
        self, token: Any, *, chunk: Any = None, run_id: Any = None, **kwargs: Any
    ) -> None:
        self.pressure.hearing.chunk(run_id, chunk)
        await self.pass_or_stop()

    async def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.pressure.on_llm_end(response, **kwargs)

    async def on_llm_error(self, error: Any, **kwargs: Any) -> None:
        self.pressure.on_llm_error(error, **kwargs)

    async def on_stream_event(
        self, event: Any, *, run_id: Any = None, **kwargs: Any
    ) -> None:
        self.pressure.hearing.event(run_id, event)
        await self.pass_or_stop()

    async def pass_or_stop(self) -> None:
        """Wait until there is room for an item; raise once the reader has left."""
        if not self.is_here():
            return
        if task := asyncio.current_task(self.loop):
            if task is self._reader:
                return
            self._tasks.add(task)
        if not self._came:
            await asyncio.sleep(0)  # an item takes its turns to reach the queue
        if not self.free.is_set():
            await self.free.wait()
        self._came = False
        if self.pressure.shut():
            raise TaskStopped("the reader has left the stream")


def behind(pressure: Backpressure, loop: LoopBackpressure | None = None) -> Context:
    """A copy of this context, in which every model passes the gate."""
    context = copy_context()
    context.run(_in_threads.set, pressure)
    context.run(_in_loop.set, loop)
    return context


@contextmanager
def entered(pressure: Backpressure, loop: LoopBackpressure) -> Iterator[None]:
    """This very context, in which every model passes the gate while the block lasts."""
    tokens = _in_threads.set(pressure), _in_loop.set(loop)
    try:
        yield
    finally:
        _in_threads.reset(tokens[0])
        _in_loop.reset(tokens[1])


@contextmanager
def listening(stream: Any) -> Iterator[Backpressure]:
    """Hear how the models under a stream end; they wait for nobody.

    A model's own stream tells it itself.
    """
    pressure = Backpressure()
    if is_model(stream):
        yield pressure
        return
    token = _in_threads.set(pressure)
    try:
        yield pressure
    finally:
        with suppress(ValueError):  # an async reader was closed in another context
            _in_threads.reset(token)


def outside() -> Context:
    """A copy without any gate, for what goes on after its reader has left."""
    context = copy_context()
    context.run(_in_threads.set, None)
    context.run(_in_loop.set, None)
    return context
