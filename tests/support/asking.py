"""Ask the same question through caches: here, in threads that end, elsewhere."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from course_utils.cache import cached
from course_utils.fake import FakeStreamingChatModel

PATIENCE = 20  # real seconds before a test gives up waiting for what must come


def fake(*replies, **options):
    """A fake model that gives these answers in turn."""
    return FakeStreamingChatModel(replies=list(replies) or ["One two."], **options)


def texts(stream):
    """What the chunks of a stream say, without the silent ones."""
    return [chunk.text for chunk in stream if chunk.text]


def ask(inner, cache=None):
    """The answer to a question that is always the same."""
    return "".join(texts(cached(inner, cache).stream("Hi")))


def in_threads(count, work):
    """Run `work` in so many threads that begin together; return their results."""
    barrier = threading.Barrier(count)

    def begin(number):
        barrier.wait(PATIENCE)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


@contextmanager
def no_threads_left() -> Iterator[None]:
    """Fail if a thread that began in this block does not end after it.

    It may take its time: a busy machine ends threads late. Those of earlier tests,
    which may be ending just now, do not count.
    """
    before = set(threading.enumerate())
    yield
    begun = set(threading.enumerate()) - before
    for thread in begun:
        thread.join(PATIENCE)
    assert not [thread.name for thread in begun if thread.is_alive()]


ASKER = """
import sys
from course_utils.cache import RedisStreamCache, SQLiteStreamCache, cached
from course_utils.fake import FakeStreamingChatModel

kind, where = sys.argv[1:]
cache = {"sqlite": SQLiteStreamCache, "redis": RedisStreamCache}[kind](where)
inner = FakeStreamingChatModel(replies=["Another."])
model = cached(inner, cache)
print([chunk.text for chunk in model.stream("Hi") if chunk.text], len(inner.log))
"""


def asked_in_another_process(kind, where):
    command = [sys.executable, "-c", ASKER, kind, str(where)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()
