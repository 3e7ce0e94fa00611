"""What every test and every tested notebook runs under: offline, fast, alike.

It stands at the top, not in tests/, so that `pytest notebooks` finds it too.
"""

import gc
import os
import signal
import tempfile
from pathlib import Path

import hypothesis
import pytest
from pytest_socket import socket_allow_hosts

LOOPBACK = ["127.0.0.1", "::1"]
TRACING = (
    *("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2"),
    *("LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2"),
)

# A notebook's kernel is a process of its own: IPython runs this before any cell.
BLOCK_THE_NETWORK = f"""\
from pytest_socket import socket_allow_hosts

socket_allow_hosts({LOOPBACK}, allow_unix_socket=True)
del socket_allow_hosts
"""


def ipython_folder() -> str:
    """A new IPython folder: no setting of the user's own, and no network."""
    folder = tempfile.mkdtemp(prefix="course-ipython-")
    startup = Path(folder, "profile_default", "startup")
    startup.mkdir(parents=True)
    (startup / "00-block-the-network.py").write_text(BLOCK_THE_NETWORK)
    return folder


# A shell that starts us in the background has Ctrl+C ignored; our tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Set before any test imports course_utils; kernels and other processes inherit it.
for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "COURSE_MODEL"):
    os.environ.pop(name, None)
os.environ |= {
    "COURSE_SPEED": "20",
    **dict.fromkeys(TRACING, "false"),
    "NO_PROXY": "127.0.0.1,localhost,::1",
    "no_proxy": "127.0.0.1,localhost,::1",
    "IPYTHONDIR": ipython_folder(),
    "PYTHONHASHSEED": "0",
}

# pytest-socket guards each test; this guards the import of the test modules.
socket_allow_hosts(LOOPBACK, allow_unix_socket=True)

# A red run means a change, so the examples are always the same ones; and the
# machine may be busy, so none of them has a deadline.
hypothesis.settings.register_profile("course", deadline=None, derandomize=True)
hypothesis.settings.load_profile("course")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Share the whole suite out among the cores, by files; a part runs as it is.

    Of many cores it takes four: tests that look at the time want some air.
    """
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    whole = whole and not hasattr(config, "workerinput")  # one of the processes itself
    if whole and config.option.numprocesses is None and not config.option.usepdb:
        config.option.numprocesses = min(os.cpu_count() or 1, 4)
        config.option.dist = "loadfile"


def pytest_collection_finish() -> None:
    """Let a test's `gc.collect` look at the test's own things.

    What was imported, and the thousands of tests themselves, stay to the end anyway.
    """
    gc.collect()
    gc.freeze()
