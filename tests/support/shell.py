"""An IPython shell for tests of what a cell displays; it leaves nothing behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config


@contextmanager
def captured_outputs() -> Iterator[Any]:
    """A shell as in a notebook, and what is displayed in it.

    Without a history: each shell would keep a thread and a database open for good.
    """
    InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    try:
        with capture_output() as captured:
            yield captured
    finally:
        InteractiveShell.clear_instance()
