"""What to say of an item that no LangChain stream gives, and what to do instead."""

from typing import Any


class Unreadable(TypeError):
    """An item of a stream that nobody here can read; the reader adds its own name."""

    def __init__(self, item: Any, mode: str = "") -> None:
        self.item = item
        self.mode = mode
        super().__init__(self.fact)

    @property
    def fact(self) -> str:
        """What came and what to do."""
        kind = _named(self.item)
        if self.mode:
            return f"{kind} as {self.mode}: hand over what the graph gave, unchanged"
        return f"{kind}: {_advice(self.item)}"


def refused(reader: str, error: Unreadable) -> TypeError:
    """The error that a reader raises.

    >>> refused("show", Unreadable(b"Hi"))
    TypeError('show() reads streams of LangChain, got one of bytes: decode them first.')
    """
    return TypeError(f"{reader}() reads streams of LangChain, got one of {error.fact}.")


def _named(item: Any) -> str:
    name = type(item).__name__
    if isinstance(item, tuple):
        return f"({', '.join(type(part).__name__ for part in item)})"
    return name


def _advice(item: Any) -> str:
    name = type(item).__name__
    if isinstance(item, tuple):
        if any(type(part).__name__.endswith("Stream") for part in item):
            return "read the run itself, not its interleave()"
        return 'stream with version="v2", which says what each item is'
    if isinstance(item, bytes | bytearray):
        return "decode them first"
    if "RunLog" in name:
        return "use astream instead of astream_log"
    if name.endswith("Stream") or name == "StreamChannel":
        return "read the run itself, not a part of it"
    if hasattr(item, "__await__"):
        return "await each of them first"
    return "pass on what model.stream() or agent.stream() gave"
