"""Which message a chunk belongs to, who says it, and of which tool call it is a part.

Two models may speak at once, chunk by chunk in turn, and one message may change its id
while it is said. A lane is whoever speaks: a bare model, one task of a graph, one run.
In a lane the ids tell its messages apart. Servers number their tool calls anew in each
answer, and only the first fragment of a call names it; the others have its index.

    voice = voices.of(lane, chunk.id)      # voice.key is the message's
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from course_utils.finish import Endings, Finish

# The Responses API names a message in its first chunk; LangChain names it after the
# run in all the others.
PROVIDER, RUN = "resp_", "lc_run-"

# A model that these call tells its answer to a tool or to the graph, not to a person.
TOOL_NODE = re.compile(r"(.*[-_ .])?tools?([-_ ]?node)?", re.IGNORECASE)
HOOK = re.compile(r".*\.(before|after)_(model|agent)")


class Call(NamedTuple):
    """A tool call that was begun."""

    key: str
    call_id: str
    name: str


class Voice:
    """One message while it is said: its key, its end, its usage and its tool calls."""

    __slots__ = (
        *("aside", "calls", "finish", "key", "late", "ns", "open", "source", "usage"),
    )

    def __init__(self, key: str, lane: "Lane") -> None:
        self.key = key
        self.source = lane.source
        self.aside = lane.aside
        self.ns = lane.ns
        self.open = False  # it comes in chunks, so it must say why it ends
        self.finish: Finish | None = None
        self.usage: dict[str, Any] | None = None
        self.calls: dict[Any, Call] = {}  # by their index
        self.late: dict[str, str] = {}  # the arguments that came after the finish

    def calls_on(self, key: str, args: str) -> None:
        """A part of a call has come; after the finish it must be whole by itself."""
        if self.finish is not None:
            self.late[key] = self.late.get(key, "") + args

    @property
    def ends(self) -> bool:
        """Whether it must say why it ends, or has said so."""
        return self.open or self.finish is not None

    @property
    def end(self) -> Finish | None:
        """Why the message ended; None if it has not, or half a call came later."""
        return self.finish if all(map(_is_object, self.late.values())) else None


class Lane:
    """Whoever speaks, with the messages said so far."""

    __slots__ = ("aside", "last", "ns", "source", "unpaired", "voices")

    def __init__(
        self, source: str = "", aside: bool = False, ns: tuple[str, ...] = ()
    ) -> None:
        self.source = source
        self.aside = aside
        self.ns = ns
        self.voices: dict[str | None, Voice] = {}
        self.unpaired: list[Voice] = []  # known by a provider's id only
        self.last: Voice | None = None


class Voices:
    """All messages of one stream."""

    def __init__(self) -> None:
        self.bare = Lane()
        self._lanes: dict[Any, Lane] = {}
        self._all: list[Voice] = []
        self._by_id: dict[str | None, Voice] = {}
        self._keys: dict[str, int] = {}

    def lane(
        self,
        ns: tuple[str, ...],
        metadata: Mapping[str, Any],
        run: str = "",
        whole: bool = False,
    ) -> Lane:
        """Whose message this is, by what LangGraph says of it.

        A model that a middleware calls says its words to the graph; a `whole` message
        of one was written for the reader.
        """
        get = metadata.get
        task, node = get("langgraph_checkpoint_ns"), get("langgraph_node")
        internal = is_internal(metadata)
        key = (ns, task, node, internal, run, whole)
        lane = self._lanes.get(key)
        if lane is None:
            # The agent itself does not speak in its tools and hooks: a helper does.
            node = node or ""
            helper = is_helper(metadata, whole)
            who = node if helper else get("lc_agent_name") or node
            lane = Lane(source(ns, who), helper or in_tool(names(ns)), ns)
            self._lanes[key] = lane
        return lane

    def node(self, ns: tuple[str, ...], node: str) -> Lane:
        """Who wrote to a graph's state: what a node writes is said to the reader."""
        key = (ns, node)
        if key not in self._lanes:
            aside = in_tool((*names(ns), node))
            self._lanes[key] = Lane(source(ns, node), aside, ns)
        return self._lanes[key]

    def of(self, lane: Lane, message_id: str | None) -> Voice:
        """The message with this id, opened if it is new."""
        voice = lane.voices.get(message_id)
        if voice is None:
            voice = lane.voices[message_id] = self._open(lane, message_id)
            self._by_id[message_id] = voice
        elif voice in lane.unpaired:  # it keeps the provider's id
            lane.unpaired.remove(voice)
        lane.last = voice
        return voice

    def _open(self, lane: Lane, message_id: str | None) -> Voice:
        if str(message_id).startswith(RUN):
            lane.unpaired = [voice for voice in lane.unpaired if voice.finish is None]
            if lane.unpaired:
                return lane.unpaired.pop(0)
        voice = self.new(lane, message_id)
        if str(message_id).startswith(PROVIDER):
            lane.unpaired.append(voice)
        return voice

    def new(self, lane: Lane, message_id: str | None) -> Voice:
        """One more message, with a key that no other has."""
        wanted = message_id or ""
        number = self._keys[wanted] = self._keys.get(wanted, 0) + 1
        key = wanted if number == 1 else f"{wanted}#{number}"
        voice = self._by_id[message_id] = Voice(key, lane)
        self._all.append(voice)
        return voice

    def take_back(self, lane: Lane, message_id: str | None) -> tuple[Voice, Voice]:
        """A restart: the message that no longer counts, and the one instead."""
        before = lane.voices.get(message_id) or lane.last
        if before is None:
            before = self.of(lane, message_id)
        self._all.remove(before)
        if lane.voices.get(message_id) is before:
            after = Voice(before.key, lane)
            self._all.append(after)
        else:
            after = self._open(lane, message_id)
        lane.voices[message_id] = lane.last = after
        return before, after

    @property
    def endings(self) -> Endings:
        """How each message of the answer ended; asides are no part of it."""
        ends = Endings()
        for voice in self._all:
            if not voice.aside and voice.ends:
                ends.hear(voice.key, ended=voice.end)
        return ends

    def judge(self, ids: Iterable[str]) -> bool:
        """Whether one of these messages came here in a way that tells its end."""
        found = filter(None, map(self._by_id.get, ids))
        return any(voice.ends for voice in found)


def _is_object(args: str) -> bool:
    try:
        return isinstance(json.loads(args or "{}"), dict)
    except (ValueError, RecursionError):
        return False


def names(ns: Iterable[str]) -> tuple[str, ...]:
    """The nodes of a namespace, without the ids of their tasks."""
    return tuple(part.split(":")[0] for part in ns)


def source(ns: Iterable[str], who: str) -> str:
    """The path to whoever speaks: `tools/weather_agent`."""
    return "/".join(part for part in (*names(ns), who) if part)


def is_internal(metadata: Mapping[str, Any]) -> bool:
    """Whether a middleware calls this model for itself."""
    return bool(metadata.get("lc_source") or metadata.get("lc_internal_call"))


def is_helper(metadata: Mapping[str, Any], whole: bool = False) -> bool:
    """Whether a tool, a hook or a middleware calls this model."""
    node = metadata.get("langgraph_node") or ""
    hook = not whole and bool(HOOK.match(node))
    return is_internal(metadata) or in_tool((node,)) or hook


def is_aside(metadata: Mapping[str, Any]) -> bool:
    """The same of a model at any depth: what it says is no part of the answer."""
    path = str(metadata.get("langgraph_checkpoint_ns") or "").split("|")
    return is_helper(metadata) or in_tool(names(path))


def in_tool(path: Iterable[str]) -> bool:
    """Whether one of these nodes runs tools."""
    return any(TOOL_NODE.fullmatch(node) for node in path if node)


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


def _another(known: str, given: str) -> bool:
    return bool(known and given and known != given)
