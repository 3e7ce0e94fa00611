"""How a stream ended, judged from everything it told.

Readers hear the same passages and must not judge them differently: whether the run is
paused, which tool calls nobody answered, whether anything was said at all.

    ending = Ending(); ending.hear(passage); ending.open_calls
"""

from typing import Any

from course_utils.finish import Endings
from course_utils.passages.content.usage import total
from course_utils.passages.passage import Passage
from course_utils.passages.reader import Reader

# What a person can read of a stream; the rest is about it.
TOLD = {"text", "tool_call", "tool_result", "progress", "interrupt", "data"}


class Ending:
    """What a stream has told so far of how it ends.

    >>> ending = Ending()
    >>> ending.hear(Passage("tool_call", message="m", name="pay", call="1"))
    >>> ending.open_calls
    ['pay']

    Attributes:
        questions: What a person is asked, of a run that is paused: the `id` by which
            it is answered and the `value`.
    """

    def __init__(self) -> None:
        self.questions: list[dict[str, Any]] = []
        self._kinds: set[str] = set()
        self._calls: dict[str, Passage] = {}
        self._usage: dict[str, dict[str, Any]] = {}

    def hear(self, passage: Passage) -> None:
        """Take one passage of the stream."""
        self._kinds.add(passage.kind)
        if passage.kind == "text":
            return
        if passage.kind == "interrupt":
            self.questions.append({"id": passage.call, "value": passage.value})
        elif passage.kind == "usage":
            self._usage[passage.message] = passage.value
        elif passage.kind == "tool_call" and not passage.invalid:
            self._calls.setdefault(passage.call, passage)
        elif passage.kind in ("tool_call", "tool_result"):
            self._calls.pop(passage.call, None)  # what cannot be run is not waited for
        elif passage.kind == "restart":
            calls, taken_back = self._calls.items(), passage.message
            self._calls = {k: call for k, call in calls if call.message != taken_back}

    @property
    def paused(self) -> bool:
        """Whether the run waits for a person."""
        return bool(self.questions)

    @property
    def open_calls(self) -> list[str]:
        """The names of the tools that were asked for and have not answered."""
        return [call.name or "tool" for call in self._calls.values()]

    @property
    def usage(self) -> dict[str, int] | None:
        """Tokens of all messages together; None if none told them."""
        return total(self._usage.values())

    @property
    def silence(self) -> str:
        """What to say of a stream that gave nothing to read; empty if it did.

        >>> Ending().silence
        'nothing came'
        """
        if self._kinds & TOLD:
            return ""
        if "state" in self._kinds:
            return "only state, no text"
        return "no text" if self._kinds else "nothing came"


def endings_of(reader: Reader, hearing: Any) -> Endings:
    """How the answer ended: each message that was read, and each model that was not.

    A chain's text tells no finish reason, and a model whose answer goes to another
    model tells its reader nothing at all. The gate under the stream has heard both.
    """
    read = [call for call, ids in hearing.ids.items() if reader.judges(ids)]
    hidden: Endings = hearing.ends.without(read)
    return hidden.before(reader.endings)
