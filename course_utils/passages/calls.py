"""Which tool call a fragment or a result belongs to.

Only the first fragment of a call names it; the others have its index. Servers number
their calls anew in each answer, so the same id may come in several messages.

    key = calls.fragment(voice, index=0, call_id="call_0", name="pay")
"""

from typing import Any

from course_utils.passages.voices import Call, Lane, Voice


class Calls:
    """The tool calls of one stream, each with a key that no other has."""

    def __init__(self) -> None:
        self._newest: dict[tuple[tuple[str, ...], str], str] = {}
        self._taken: dict[str, int] = {}
        self._results: dict[tuple[str, tuple[str, ...]], set[str | None]] = {}

    def fragment(self, voice: Voice, index: Any, call_id: str, name: str) -> str:
        """The key of the call that this fragment goes on with, or begins."""
        call = voice.calls.get(index)
        if call is None or _another(call.call_id, call_id) or _another(call.name, name):
            return self._begin(voice, index, call_id, name)
        if call_id and not call.call_id:
            self._newest[voice.ns, call_id] = call.key
            self._keep(voice, index, call._replace(call_id=call_id))
        return call.key

    def whole(self, voice: Voice, call_id: str, name: str) -> str:
        """The key of a call that comes at once."""
        return self._begin(voice, len(voice.calls), call_id, name)

    def _begin(self, voice: Voice, index: Any, call_id: str, name: str) -> str:
        wanted = call_id or f"{voice.key}:{'' if index is None else index}"
        number = self._taken[wanted] = self._taken.get(wanted, 0) + 1
        key = wanted if number == 1 else f"{wanted}#{number}"
        self._keep(voice, index, Call(key, call_id, name))
        if call_id:
            self._newest[voice.ns, call_id] = key
        return key

    @staticmethod
    def _keep(voice: Voice, index: Any, call: Call) -> None:
        voice.calls[index] = voice.calls[None] = call

    def knows(self, lane: Lane, call_id: str) -> bool:
        """Whether a call with this id was told."""
        return (lane.ns, call_id) in self._newest

    def recall(self, lane: Lane, call_id: str | None) -> None:
        """A call from before this stream: its result may come in it."""
        if call_id:
            self._newest.setdefault((lane.ns, call_id), call_id)

    def of_result(self, lane: Lane, call_id: str) -> str:
        """The key of the call that this id, in a result, means."""
        return self._newest.get((lane.ns, call_id), call_id)

    def is_news(self, lane: Lane, call_id: str, message_id: str | None) -> bool:
        """Whether a result is new: it may come without an id, then again with one."""
        ids = self._results.setdefault((self.of_result(lane, call_id), lane.ns), set())
        again = bool(ids) and (message_id is None or None in ids)
        ids.discard(None)
        ids.add(message_id)
        return not again


def _another(known: str, told: str) -> bool:
    return bool(known and told and known != told)
