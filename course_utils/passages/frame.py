"""What a graph's stream was called with, where CPython lets us see it.

A hack of last resort. In the v1 forms the items do not say which mode they are of, and
a misspelt `stream_mode` gives a stream without items. The generator's frame knows.
It is a second opinion: without it everything is told from the items.

Seen with CPython 3.11 to 3.13 and langgraph 1.2.22 and 1.2.24, before the stream
starts and while it runs; `test_passages_frame.py` says when that changes.
"""

import sys
from typing import Any, NamedTuple, get_args

MODES = frozenset(
    [
        "values",
        "updates",
        "messages",
        "custom",
        "checkpoints",
        "tasks",
        "debug",
        "tools",
    ]
)
STREAMS = ("Pregel.stream", "Pregel.astream")


class Asked(NamedTuple):
    """The modes that were asked for, and what the items look like for it."""

    modes: tuple[str, ...]
    listed: bool
    v2: bool
    subgraphs: bool

    @property
    def misspelt(self) -> tuple[str, ...]:
        """The modes that there are not: LangGraph says nothing, and gives nothing."""
        types = sys.modules.get("langgraph.types")  # it is here: this is its stream
        known = MODES.union(get_args(getattr(types, "StreamMode", None)))
        return tuple(mode for mode in self.modes if mode not in known)


def asked_of(stream: Any) -> Asked | None:
    """What this stream of a graph was called with; None if that cannot be seen."""
    for kind in ("gi", "ag"):
        code = getattr(stream, f"{kind}_code", None)
        frame = getattr(stream, f"{kind}_frame", None)
        if getattr(code, "co_qualname", "") in STREAMS and frame is not None:
            return _read(frame.f_locals)
    return None


def _read(arguments: Any) -> Asked | None:
    mode = arguments.get("stream_mode")
    if mode is None:
        mode = getattr(arguments.get("self"), "stream_mode", None)
    if not isinstance(mode, str | list | tuple | set | frozenset):
        return None
    modes = (mode,) if isinstance(mode, str) else tuple(mode)
    return Asked(
        modes,
        not isinstance(mode, str),
        arguments.get("version") == "v2",
        bool(arguments.get("subgraphs")),
    )
