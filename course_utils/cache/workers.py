"""Who brings a shared call's chunks: a thread for threads, a task in an event loop.

Both take a step only when a reader needs one that has not come yet, so that a model
waits for its fastest reader; and the last steps, after a finish reason, at once.

    for arrival in read(seat): ...
    async for arrival in aread(seat): ...
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import suppress
from contextvars import Context
from queue import Empty, SimpleQueue
from time import perf_counter

from course_utils.cache.record import Arrival
from course_utils.cache.single_flight import CallLost, Seat, SharedCall
from course_utils.clock import Alarm
from course_utils.own_stream.backpressure import outside
from course_utils.own_stream.patience import Bell
from course_utils.reliability.hang_up import hang_up

Steps = Generator[Arrival, None, None]
AsyncSteps = AsyncGenerator[Arrival, None]

# Real seconds: a reader looks whether its worker still lives; who leaves last waits so
# many times so long for the worker to stop; and so long for a finished answer's end.
PATIENCE = 1.0
GOODBYES, GOODBYE = 3, 0.03
GRACE = 1.0
LEFT = -1
# A model whose chunk took less real time than QUICK brings the next ones unasked: to be
# asked for each costs two changes of threads, more than all else that is done for it.
QUICK = 0.0001
AHEAD = 4
# In a loop it is the other way round: whose chunks are waited for anyway asks for the
# next at once, and saves a change of tasks.
SLOW = 0.001
TURN = 32  # chunks that a reader may take before others have their turn in the loop


class ThreadCall(SharedCall):
    """A call among threads: a thread of its own takes the steps.

    Args:
        steps: What the worker does.
        ahead: Chunks that a quick model may bring before a reader needs them.
    """

    def __init__(
        self, steps: Callable[["ThreadCall"], Steps], ahead: int = AHEAD
    ) -> None:
        super().__init__()
        self._steps = steps
        self._ahead = ahead
        self._context: Context = outside()
        self._alarm = Alarm()
        self._alarm.set_in(self._context)
        self._waiting: list[SimpleQueue[None]] = []
        self._wanted: SimpleQueue[int] = SimpleQueue()
        self._unclaimed = [True]
        self._worker: threading.Thread | None = None

    # The readers' side

    def take(self, position: int, first: bool) -> Arrival | None:
        """The chunk at this position, as soon as it has come; None after the last."""
        while position >= len(self.record):
            if self.ended:
                self.ending(first)
                return None
            self._wait(position)
        return self.record[position]

    def _wait(self, position: int) -> None:
        come: SimpleQueue[None] = SimpleQueue()
        self._waiting.append(come)
        if position < len(self.record) or self.ended:
            return  # it came just before the worker could know who waits
        if self._worker is None:
            # Who is interrupted here has not begun: the next reader begins again, and
            # of two threads only one takes the claim.
            threading.Thread(
                target=self._context.copy().run,
                args=(self._run,),
                name="course-shared-call",
                daemon=True,
            ).start()
        self._wanted.put(position)
        with suppress(Empty):
            come.get(timeout=PATIENCE)
            return
        if self._worker is not None and not self._worker.is_alive():
            self._end(CallLost("its worker is gone"))  # as after a fork

    def left(self) -> None:
        """A reader has left: if it was the last, the worker stops."""
        if not self.seats:
            if not self.finished:
                self._end(CallLost("all readers have left"))  # who asks now begins anew
                self._alarm.ring()
            self._wanted.put(LEFT)

    def goodbye(self) -> None:
        """Who leaves last gives the worker a moment to close the model's stream."""
        worker = self._worker
        if worker is None or self.seats:
            return
        if self.finished:
            worker.join(GRACE)
            return
        for _ in range(GOODBYES):
            hang_up(worker)
            worker.join(GOODBYE)
            if not worker.is_alive():
                return

    # The worker's side

    def _run(self) -> None:
        try:
            self._unclaimed.pop()
        except IndexError:
            return  # another thread has begun
        self._worker = threading.current_thread()
        error: BaseException | None = None
        try:
            error = self._work()
        except BaseException as failure:
            error = failure
        finally:
            self._end(error)
            self._wake()

    def _work(self) -> CallLost | None:
        steps, wanted = self._steps(self), 0
        try:
            begin = perf_counter()
            for arrival in steps:
                quick = perf_counter() - begin < QUICK
                self._come(arrival)
                self._wake()
                if not quick or len(self.record) > wanted + self._ahead:
                    wanted = self._next_wanted()
                if not self.seats and not self.finished:
                    return CallLost("all readers have left")
                begin = perf_counter()
        finally:
            steps.close()
        return None

    def _next_wanted(self) -> int:
        """Wait until a reader needs a chunk that is not there, or until all have left.

        After a finish reason there is nothing to wait for: the rest comes for nothing.
        """
        while self.seats and not self.finished:
            if (position := self._wanted.get()) >= len(self.record):
                return position
        return len(self.record)

    def _wake(self) -> None:
        while self._waiting:
            self._waiting.pop().put(None)


def read(seat: Seat[ThreadCall]) -> Steps:
    """The chunks of a call, from the first, as they come."""
    call, position = seat.call, 0
    try:
        while (arrival := call.take(position, seat.first)) is not None:
            position += 1
            yield arrival
    finally:
        seat.leave()
        call.goodbye()


class LoopCall(SharedCall):
    """A call in an event loop: a task of its own takes the steps."""

    def __init__(self, steps: Callable[["LoopCall"], AsyncSteps]) -> None:
        super().__init__()
        self._steps = steps
        self._context: Context = outside()
        self._loop = asyncio.get_running_loop()
        self._news = Bell()  # for readers: a chunk, or the end
        self._furthest = -1  # the position of the chunk that a reader needs
        self._changed = Bell()  # for the task: a chunk is needed, or a reader has left
        self._task: asyncio.Task[None] | None = None

    # The readers' side

    async def come(self, position: int) -> None:
        """Wait until there is something new, maybe what this reader needs."""
        if self._task is None:
            self._task = self._loop.create_task(self._run(), context=self._context)
            self._task.add_done_callback(self._over)
            _tasks.add(self._task)
        if position > self._furthest:
            self._furthest = position
        self._changed.ring()
        await self._news.rings()

    def left(self) -> None:
        """A reader has left: the last one ends the task."""
        if self.seats or self.ended or self._loop.is_closed():
            return
        if asyncio._get_running_loop() is self._loop:
            self._leave()
        else:  # let go of by the garbage collector, in whatever thread
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._leave)

    def _leave(self) -> None:
        if self.seats or self._task is None:
            return
        self._changed.ring()
        if self.finished:
            self._loop.call_later(GRACE, self._cancel)
        else:
            self._end(CallLost("all readers have left"))  # who asks now begins anew
            self._task.cancel()

    def _cancel(self) -> None:
        if self._task is not None and not self.seats:
            self._task.cancel()

    # The worker's side

    async def _run(self) -> None:
        error: BaseException | None = None
        try:
            error = await self._work()
        except BaseException as failure:
            error = failure
        finally:
            self._end(error)
            self._news.ring()

    async def _work(self) -> CallLost | None:
        steps = self._steps(self)
        try:
            begin = perf_counter()
            async for arrival in steps:
                slow = perf_counter() - begin > SLOW
                self._come(arrival)
                self._news.ring()
                # Asked even if a cancel was swallowed.
                if not await self._goes_on(1 if slow else 0):
                    return CallLost("all readers have left")
                begin = perf_counter()
        finally:
            await steps.aclose()
        return None

    async def _goes_on(self, ahead: int) -> bool:
        """Wait until a reader needs the next chunk; False once nobody reads."""
        while not self.finished:
            if not self.seats:
                return False
            if self._furthest >= len(self.record) - ahead:
                return True
            await self._changed.rings()
        return True

    def _over(self, task: "asyncio.Task[None]") -> None:
        _tasks.discard(task)
        self._end(CallLost("its task was interrupted"))
        self._news.ring()


_tasks: set["asyncio.Task[None]"] = set()  # the loop itself keeps only weak references


async def aread(seat: Seat[LoopCall]) -> AsyncSteps:
    """The chunks of a call, from the first, as they come."""
    call, position = seat.call, 0
    try:
        while True:
            while position >= len(call.record):
                if call.ended:
                    call.ending(seat.first)
                    return
                await call.come(position)
            yield call.record[position]
            position += 1
            if position % TURN == 0:
                await asyncio.sleep(0)
    finally:
        seat.leave()
