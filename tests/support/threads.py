"""See that a piece of work leaves no thread behind."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.asking import PATIENCE


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
