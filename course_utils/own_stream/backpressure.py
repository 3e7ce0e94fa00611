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

from course_utils.chunks import is_restart, message_of, text_of
from course_utils.finish import Endings, finish_of
from course_utils.passages.content.usage import newest, total

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
    """LangChain logs whatever a handler raises; that a reader has left is no error."""
    return f"{TaskStopped.__name__}(" not in record.getMessage()


class Backpressure(BaseCallbackHandler):
    """Lets tokens through while the reader reads, and stops the model when it left.

    Attributes:
        stopped: Whether the reader has left.
        ends: How the models under this stream ended, each call for itself.
        usage: The tokens of all of them; None if none told any.
    """

    run_inline = True  # in the task that streams, else it cannot stop it
    raise_error = True
    ignore_chain = True

    room: "LoopBackpressure | None" = None  # its half in an event loop

    def __init__(self) -> None:
        self.stopped = False
        self.ends = Endings()
        self._usage: dict[Any, dict[str, Any]] = {}
        self._spoke: set[Any] = set()  # the calls whose tokens were heard
        self._said: set[Any] = set()  # ... and those that have said a text
        self._open: set[Any] = set()  # ... and have not ended since
        self._outer = _in_threads.get()  # of a stream that reads this one
        self._reading = True
        self._changed = threading.Condition()
        self._waiting = 0

    @property
    def usage(self) -> dict[str, int] | None:
        return total(self._usage.values())

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

    def on_chat_model_start(self, *args: Any, run_id: Any = None, **kw: Any) -> None:
        self.pass_or_stop()
        self.hear(run_id, None)

    def on_llm_start(self, *args: Any, run_id: Any = None, **kwargs: Any) -> None:
        self.on_chat_model_start(run_id=run_id)

    def on_llm_new_token(
        self, token: Any, *, chunk: Any = None, run_id: Any = None, **kwargs: Any
    ) -> None:
        self.hear_token(run_id, chunk)
        self.pass_or_stop()

    def on_stream_event(self, event: Any, **kwargs: Any) -> None:
        self.pass_or_stop()

    def on_llm_end(self, response: Any, *, run_id: Any = None, **kwargs: Any) -> None:
        if run_id in self._spoke:
            self._spoke.discard(run_id)
            return  # the sum of its chunks no longer tells what came after its finish
        for row in response.generations:
            for answer in row:
                self.hear(run_id, answer)

    def on_llm_error(self, error: Any, *, run_id: Any = None, **kwargs: Any) -> None:
        # Whoever reads gets the error, or the answer of the model asked instead.
        self._spoke.discard(run_id)
        self._forget(run_id)

    def hear_token(self, run_id: Any, item: Any) -> None:
        """Take one chunk of a call that streams."""
        if run_id in self._open and self._outer is None and _only_goes_on(item):
            return  # nearly every chunk: nothing changes
        self._spoke.add(run_id)
        self.hear(run_id, item)

    def hear(self, run_id: Any, item: Any) -> None:
        """Take what a call has said: None at its start, a chunk, or the answer."""
        message = message_of(item)
        ended, says = finish_of(item), bool(text_of(message))
        if says:
            self._said.add(run_id)
        elif is_restart(message) and run_id in self._said:
            self.ends.taken_back = True  # a chain of text passes on no such word
        self.ends.hear(run_id, says=says, ended=ended)
        if ended is not None:
            self._open.discard(run_id)
        elif says:
            self._open.add(run_id)
        if usage := getattr(message, "usage_metadata", None):
            self._usage[run_id] = newest(self._usage.get(run_id), usage)
        if self._outer is not None:
            self._outer.hear(run_id, item)

    def _forget(self, run: Any) -> None:
        self.ends.forget(run)
        self._open.discard(run)
        if self._outer is not None:
            self._outer._forget(run)


def _only_goes_on(chunk: Any) -> bool:
    """Whether a chunk tells nothing beside its text: no finish, usage or restart."""
    message = message_of(chunk)
    return not (
        getattr(chunk, "generation_info", None)
        or getattr(message, "response_metadata", None)
        or getattr(message, "usage_metadata", None)
    )


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
        logging.getLogger("langchain_core.callbacks.manager").addFilter(_tells_an_error)

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
        self, *args: Any, run_id: Any = None, **kwargs: Any
    ) -> None:
        await self.pass_or_stop()
        self.pressure.hear(run_id, None)

    async def on_llm_start(self, *args: Any, run_id: Any = None, **kwargs: Any) -> None:
        await self.on_chat_model_start(run_id=run_id)

    async def on_llm_new_token(
        self, token: Any, *, chunk: Any = None, run_id: Any = None, **kwargs: Any
    ) -> None:
        self.pressure.hear_token(run_id, chunk)
        await self.pass_or_stop()

    async def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.pressure.on_llm_end(response, **kwargs)

    async def on_llm_error(self, error: Any, **kwargs: Any) -> None:
        self.pressure.on_llm_error(error, **kwargs)

    async def on_stream_event(self, *args: Any, **kwargs: Any) -> None:
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
def listening() -> Iterator[Backpressure]:
    """Hear how the models end that start in here; they wait for nobody."""
    pressure = Backpressure()
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
