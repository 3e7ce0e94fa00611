"""Where this code runs: in a notebook that is read, one that is saved, or a terminal.

Whatever shows something asks here, so that all of it is shown alike.

    live_mode()     # "live", "static" or "text"
"""

import os
import sys
from importlib.util import find_spec
from typing import Literal

Mode = Literal["live", "static", "text"]


def live_mode() -> Mode:
    """How to show a stream here; the environment variable `COURSE_LIVE` decides first.

    `live` in a notebook, `static` where a program runs the notebook and wants one
    final output, `text` in a terminal or where no widget can be drawn.

    Raises:
        ValueError: `COURSE_LIVE` is not a mode.
    """
    setting = os.environ.get("COURSE_LIVE", "")
    if setting in ("live", "static", "text"):
        return setting  # type: ignore[return-value]
    if setting:
        raise ValueError(
            f"COURSE_LIVE is live, static or text, got {setting!r}: leave it unset."
        )
    if not (in_kernel() and _has_widgets()):
        return "text"
    return "static" if _under_pytest() else "live"


def static_page() -> bool:
    """Whether the output is made to be saved and compared, not to be clicked."""
    setting = os.environ.get("COURSE_LIVE", "")
    return setting in ("static", "text") or (not setting and _under_pytest())


def in_kernel() -> bool:
    """Whether a Jupyter kernel runs this code."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


def _has_widgets() -> bool:
    """Whether what draws a live display is installed; at home it need not be."""
    try:
        return find_spec("anywidget") is not None
    except ValueError:  # it was barred
        return False


def _under_pytest() -> bool:
    """pytest says so to the kernels it starts; nbval follows no changing output."""
    return "PYTEST_VERSION" in os.environ
