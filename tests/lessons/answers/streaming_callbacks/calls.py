"""Answers to the exercises of notebook 3 on calls that overlap and on a queue."""

import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from langchain_core.callbacks import BaseCallbackHandler

from course_utils.lessons.streaming_callbacks.solutions import Outbox, Stopwatch

# 1 · Calls that overlap


class OneStart(BaseCallbackHandler):
    """The code that the notebook gives to be mended."""

    def __init__(self, clock):
        self.clock, self.times = clock, []

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.start = self.clock.now()

    def on_llm_end(self, response, **kwargs):
        self.times.append(self.clock.now() - self.start)


class OnlyWholeCalls(Stopwatch):
    def on_llm_error(self, error, *, run_id, **kwargs):
        self.starts.pop(run_id)


class KeepsStarts(Stopwatch):
    def on_llm_end(self, response, *, run_id, **kwargs):
        self.times.append(self.clock.now() - self.starts[run_id])


class KeepsBrokenStarts(Stopwatch):
    def on_llm_error(self, error, *, run_id, **kwargs):
        self.times.append(self.clock.now() - self.starts[run_id])


class OneMethodForBoth(Stopwatch):
    on_llm_error = Stopwatch.on_llm_end


class LastInFirstOut(OneStart):
    def __init__(self, clock):
        super().__init__(clock)
        self.starts = []

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.starts.append(self.clock.now())

    def on_llm_end(self, response, **kwargs):
        self.times.append(self.clock.now() - self.starts.pop())

    on_llm_error = on_llm_end


class FirstInFirstOut(LastInFirstOut):
    def on_llm_end(self, response, **kwargs):
        self.times.append(self.clock.now() - self.starts.pop(0))

    on_llm_error = on_llm_end


class ByPrompt(Stopwatch):
    """The same question is asked twice at once: it is no key."""

    def on_chat_model_start(self, serialized, messages, *, run_id, **kwargs):
        self.asked = str(messages[0][-1].text)
        self.starts[self.asked] = self.clock.now()

    def on_llm_end(self, response, **kwargs):
        self.times.append(self.clock.now() - self.starts[self.asked])

    def on_llm_error(self, error, **kwargs):
        self.on_llm_end(None)


class ByParent(Stopwatch):
    def on_chat_model_start(self, serialized, messages, *, parent_run_id, **kwargs):
        self.starts[parent_run_id] = self.clock.now()

    def on_llm_end(self, response, *, parent_run_id, **kwargs):
        self.times.append(self.clock.now() - self.starts.pop(parent_run_id))

    def on_llm_error(self, error, *, parent_run_id, **kwargs):
        self.on_llm_end(None, parent_run_id=parent_run_id)


class StartsOfAll(Stopwatch):
    shared: ClassVar[dict[Any, float]] = {}

    def __init__(self, clock):
        super().__init__(clock)
        self.starts = self.shared


class TimesByRun(Stopwatch):
    def __init__(self, clock):
        super().__init__(clock)
        self.times = {}

    def on_llm_end(self, response, *, run_id, **kwargs):
        self.times[run_id] = self.clock.now() - self.starts.pop(run_id)


class InTheirOrder(Stopwatch):
    """Times in the order in which the calls began."""

    def __init__(self, clock):
        super().__init__(clock)
        self.rows = {}

    def on_chat_model_start(self, serialized, messages, *, run_id, **kwargs):
        super().on_chat_model_start(serialized, messages, run_id=run_id)
        self.rows[run_id] = None

    def on_llm_end(self, response, *, run_id, **kwargs):
        self.rows[run_id] = self.clock.now() - self.starts.pop(run_id)
        self.times = [time for time in self.rows.values() if time is not None]


class TwoTimes(Stopwatch):
    def on_llm_error(self, error, *, run_id, **kwargs):
        self.times.append(self.clock.now() - self.starts[run_id])
        self.on_llm_end(None, run_id=run_id)


class WrittenOut(Stopwatch):
    """Right: each method stands for itself."""

    def on_llm_error(self, error, *, run_id, **kwargs):
        start = self.starts.pop(run_id)
        self.times.append(self.clock.now() - start)


class ByNumber(BaseCallbackHandler):
    """Right: it takes everything from `kwargs`."""

    def __init__(self, clock):
        self.clock, self.times, self.begun = clock, [], {}

    def on_chat_model_start(self, *args, **kwargs):
        self.begun[str(kwargs["run_id"])] = self.clock.now()

    def ended(self, *args, **kwargs):
        start = self.begun.pop(str(kwargs["run_id"]))
        self.times.append(self.clock.now() - start)

    on_llm_end = on_llm_error = ended


# 2 · A queue between a handler and a slow reader


class OutboxStub(BaseCallbackHandler):
    def __init__(self, draw):
        raise NotImplementedError


class DrawsItself(BaseCallbackHandler):
    def __init__(self, draw):
        self.draw = draw

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text:
            self.draw(chunk.text)


class DrawsAtTheEnd(DrawsItself):
    def __init__(self, draw):
        super().__init__(draw)
        self.queue = queue.Queue()

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        self.queue.put(chunk.text)

    def on_llm_end(self, response, **kwargs):
        while not self.queue.empty():
            self.draw(self.queue.get())


class NeverStarts(Outbox):
    def __init__(self, draw):
        self.draw, self.queue = draw, queue.Queue()
        self.worker = threading.Thread(target=self.work)


class DoesNotWait(Outbox):
    def on_llm_end(self, response, **kwargs):
        self.queue.put(None)


class ForgetsErrors(Outbox):
    def on_llm_error(self, error, **kwargs):
        self.failed = True


class NeverEnds(Outbox):
    def on_llm_end(self, response, **kwargs):
        while not self.queue.empty():
            pass


class JoinsTheQueue(Outbox):
    """It waits until all is drawn, and its thread waits on for ever."""

    def work(self):
        while True:
            text = self.queue.get()
            self.draw(text)
            self.queue.task_done()

    def on_llm_end(self, response, **kwargs):
        self.queue.join()


class WaitsForNothing(Outbox):
    """It joins a thread that was not told to end."""

    def on_llm_end(self, response, **kwargs):
        self.worker.join()


class ThreadForEachToken(DrawsItself):
    def __init__(self, draw):
        super().__init__(draw)
        self.workers = []

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text:
            work = threading.Thread(target=self.draw, args=(chunk.text,))
            work.start()
            self.workers.append(work)

    def on_llm_end(self, response, **kwargs):
        for worker in self.workers:
            worker.join()

    def on_llm_error(self, error, **kwargs):
        self.on_llm_end(None)


class PutsTokens(Outbox):
    def on_llm_new_token(self, token, **kwargs):
        if token:
            self.queue.put(token)


class PutsEmptyTexts(Outbox):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        self.queue.put(chunk.text)


class EmptyIsTheSign(Outbox):
    """An empty token ends its thread too early."""

    def work(self):
        while text := self.queue.get():
            self.draw(text)

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        self.queue.put(chunk.text)


class SharedQueue(Outbox):
    shared: ClassVar[queue.Queue] = queue.Queue()

    def __init__(self, draw):
        self.draw, self.queue = draw, self.shared
        self.worker = threading.Thread(target=self.work, daemon=True)
        self.worker.start()


class LastInFirstDrawn(Outbox):
    def __init__(self, draw):
        self.draw, self.queue = draw, queue.LifoQueue()
        self.worker = threading.Thread(target=self.work, daemon=True)
        self.worker.start()

    def on_llm_end(self, response, **kwargs):
        while not self.queue.empty():
            pass
        super().on_llm_end(response)


class SmallQueue(Outbox):
    """A full queue makes the handler wait for the screen."""

    def __init__(self, draw):
        self.draw, self.queue = draw, queue.Queue(maxsize=1)
        self.worker = threading.Thread(target=self.work, daemon=True)
        self.worker.start()


class InPool(BaseCallbackHandler):
    """Right: a pool of one thread has a queue of its own."""

    def __init__(self, draw):
        self.draw, self.pool = draw, ThreadPoolExecutor(max_workers=1)

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text:
            self.pool.submit(self.draw, chunk.text)

    def on_llm_end(self, response, **kwargs):
        self.pool.shutdown()

    def on_llm_error(self, error, **kwargs):
        self.pool.shutdown()


class StartsLate(Outbox):
    """Right: the thread begins with the call."""

    def __init__(self, draw):
        self.draw, self.queue = draw, queue.SimpleQueue()

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.worker = threading.Thread(target=self.work)
        self.worker.start()
