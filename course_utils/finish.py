"""How an answer ended: what a provider's word for it means.

Only a word that is known to be good means that an answer is whole. A word nobody here
knows is told as it came, and is never success.

    finish_of(chunk)        # Finish("stop", "whole"), or None: it has not said
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from course_utils.chunks import message_of
from course_utils.settings import settings

Meaning = Literal[
    "whole",  # the model said all it had to say
    "tool",  # ... and asks for a tool
    "length",  # it ran into a limit
    "filtered",  # a filter took the rest away
    "refused",  # the model, or a guard before it, would not answer
    "paused",  # it waits to be asked to go on
    "stopped",  # somebody asked the server to stop
    "broken",  # the server failed: to ask again may help
    "unknown",
]

# The five ends of an answer: in what is shown, in what is measured, and on the wire.
End = Literal[
    "done",  # it is whole
    "stopped",  # its reader, or somebody else, wanted no more
    "paused",  # it waits: for a person, or to be asked to go on
    "cut",  # it stops where it should not, or nobody said that it is whole
    "error",  # something failed, or an unknown word came
]
_ENDS: dict[Meaning, End] = {
    "whole": "done",
    "tool": "done",
    "length": "cut",
    "filtered": "cut",
    "refused": "cut",
    "paused": "paused",
    "stopped": "stopped",
    "broken": "error",
    "unknown": "error",
}
UNSAID = "cut: no finish reason"

_WORDS: dict[Meaning, str] = {
    # OpenAI, its Responses API · Anthropic · Cohere · Hugging Face, watsonx · Together
    # · Titan · AI21 · Ernie · Replicate
    "whole": """stop completed end_turn stop_sequence complete eos_token eos
        finish finished endoftext normal succeeded""",
    "tool": "tool_calls tool_call tool_use function_call requires_action",
    "length": """length max_tokens max_output_tokens max_length model_length
        token_limit time_limit error_limit max_tool_calls incomplete
        max_output max_len max_context max_completion_tokens max_prompt_tokens
        token_limit_reached model_context_window_exceeded""",
    "filtered": """content_filter content_filtered safety recitation blocklist spii
        prohibited_content image_safety language guardrail_intervened error_toxic
        image_prohibited_content image_recitation blacklist model_armor sensitive""",
    "refused": "refusal refused",
    "paused": "pause_turn compaction",
    "stopped": "cancelled canceled user_cancel",
    "broken": """error failed abort aborted timeout network_error
        insufficient_system_resource load unload malformed_function_call
        malformed_tool_use malformed_model_output unexpected_tool_call
        too_many_tool_calls missing_thought_signature server_error expired""",
}
MEANINGS: dict[str, Meaning] = {
    word: meaning for meaning, words in _WORDS.items() for word in words.split()
}

# Where a provider says it, and what it says while the answer is still being made.
KEYS = (
    *("finish_reason", "stop_reason", "done_reason", "stopReason", "finishReason"),
    *("completionReason", "status"),
)
NOT_YET = ("in_progress", "queued", "null", "not_finished", "unspecified", "starting")
# Words are written as FinishReason.STOP, FINISH_REASON_STOP, maxTokens and tool-calls.
NEW_WORD = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
BEFORE = re.compile(r"(finish_|stop_)?reason_")


@settings()
def add_word(word: str, meaning: Meaning) -> None:
    """Teach every judge of this process one more word, of a provider of your own.

    Raises:
        ValueError: `meaning` is none of those that there are.
    """
    if meaning not in get_args(Meaning):
        known = ", ".join(get_args(Meaning))
        raise ValueError(
            f"A finish reason means one of {known}, got {meaning!r}: "
            'write add_word("my_word", "whole").'
        )
    MEANINGS[_plain(word)] = meaning


@dataclass(frozen=True, slots=True)
class Finish:
    """Why an answer ended: the provider's own word, and what it means."""

    reason: str
    meaning: Meaning

    @property
    def whole(self) -> bool:
        """Whether the answer is all there: it may be believed, kept, acted upon."""
        return self.meaning in ("whole", "tool")

    @property
    def broken(self) -> bool:
        """Whether the server stopped by itself: like a break, it may be asked again."""
        return self.meaning == "broken"

    @property
    def incomplete(self) -> str | None:
        """Why the answer is not whole, for who reads it; None if it is."""
        if self.whole:
            return None
        return f"unknown: {self.reason}" if self.meaning == "unknown" else self.reason

    @property
    def end(self) -> End:
        """How the answer ended, in the one word that is the same everywhere.

        >>> finish("stop").end, finish("length").end, finish("gone").end
        ('done', 'cut', 'error')
        """
        return _ENDS[self.meaning]

    @property
    def in_words(self) -> str:
        """The end and the provider's word for it, as a person reads it.

        >>> finish("length").in_words
        'cut: length'
        """
        return f"{self.end}: {self.reason}"


def finish(reason: str) -> Finish:
    """What this word means, in capitals or not.

    >>> finish("stop"), finish("MAX_TOKENS").meaning, finish("gone fishing").meaning
    (Finish(reason='stop', meaning='whole'), 'length', 'unknown')
    >>> finish("gone fishing").incomplete
    'unknown: gone fishing'
    """
    word = _plain(reason)
    return Finish(reason, MEANINGS.get(word) or _joined(word) or "unknown")


def _plain(word: str) -> str:
    """The word in small letters, as most providers write it."""
    word = NEW_WORD.sub("_", word.strip().rpartition(".")[2]).replace("-", "_").lower()
    return word.removeprefix(found[0] if (found := BEFORE.match(word)) else "")


def _joined(word: str) -> Meaning | None:
    """The last of several words: a sum of chunks joins them to one, `stopstop`."""
    for end in range(1, len(word)):
        if (last := MEANINGS.get(word[end:])) and _known(word[:end]):
            return last
    return None


def _known(word: str) -> bool:
    return word in MEANINGS or _joined(word) is not None


def finish_of(item: Any) -> Finish | None:
    """Why the answer ended, if this chunk or message says so; None if it does not.

    >>> from langchain_core.messages import AIMessage
    >>> finish_of(AIMessage("Hi", response_metadata={"stop_reason": "end_turn"}))
    Finish(reason='end_turn', meaning='whole')
    """
    message = message_of(item)
    info = None if message is item else getattr(item, "generation_info", None)
    metadata = getattr(message, "response_metadata", None)
    if not info and not metadata:
        return None  # nearly every chunk
    return finish_in({**(info or {}), **(metadata or {})})


def finish_in(metadata: Mapping[str, Any]) -> Finish | None:
    """Why the answer ended, if these `response_metadata` say so.

    The Responses API says `incomplete` and, beside it, why.

    >>> details = {"incomplete_details": {"reason": "max_output_tokens"}}
    >>> finish_in({"status": "incomplete", **details})
    Finish(reason='max_output_tokens', meaning='length')
    """
    found = (_word(metadata[key]) for key in KEYS if metadata.get(key))
    reason = next((word for word in found if word), None)
    if reason is None or _plain(reason) in NOT_YET:
        return None
    details = metadata.get("incomplete_details")
    if reason == "incomplete" and isinstance(details, Mapping):
        reason = _word(details.get("reason")) or reason
    return finish(reason)


def _word(said: Any) -> str:
    """The word in what a provider said: some say it as an enumeration or an object."""
    if isinstance(said, Mapping):
        said = said.get("type") or said.get("reason")
    said = getattr(said, "name", said)
    return said if isinstance(said, str) else ""


class Endings:
    """How the messages of one answer ended, each for itself.

    Several models may speak in one stream, in turn or at once: the answer is whole only
    if each of them is. What a message says after its finish reason opens it again.

    >>> ends = Endings()
    >>> ends.hear("a", says=True)
    >>> ends.hear("b", says=True, ended=finish("stop"))
    >>> ends.whole, ends.unended
    (False, ['a'])

    """

    def __init__(self) -> None:
        self._ends: dict[str, Finish | None] = {}
        self._replaced: set[str] = set()

    def hear(
        self, message: str, *, says: bool = False, ended: Finish | None = None
    ) -> None:
        """Take one item of a message: whether it says something, and its end."""
        if ended is not None or says:
            self._ends[message] = ended
        else:
            self._ends.setdefault(message, None)

    def forget(self, message: str) -> None:
        """This message was taken back."""
        self._ends.pop(message, None)

    def replace(self, message: str) -> None:
        """This message begins anew, and its reader cannot know of it."""
        self._replaced.add(message)

    @property
    def taken_back(self) -> bool:
        """Whether text was taken back that its reader could not know of."""
        return bool(self._replaced)

    def without(self, messages: Iterable[str]) -> "Endings":
        """The others."""
        left, gone = Endings(), set(messages)
        left._ends = {key: end for key, end in self._ends.items() if key not in gone}
        left._replaced = self._replaced - gone
        return left

    def before(self, later: "Endings") -> "Endings":
        """These and others of the same answer, which count as the later ones."""
        both = Endings()
        both._ends = {**self._ends, **later._ends}
        both._replaced = self._replaced | later._replaced
        return both

    @property
    def unended(self) -> list[str]:
        """The messages that have not said why they end."""
        return [message for message, end in self._ends.items() if end is None]

    @property
    def bad(self) -> Finish | None:
        """The first end that is not whole; None if there is none."""
        return next((end for end in self._told if not end.whole), None)

    @property
    def decisive(self) -> Finish | None:
        """The end that counts: the first that is not whole, else the last."""
        return self.bad or next(iter(self._told[-1:]), None)

    @property
    def _told(self) -> list[Finish]:
        return [end for end in self._ends.values() if end is not None]

    @property
    def whole(self) -> bool:
        """Whether all messages are whole; without any, nobody has said so."""
        end = self.decisive
        return end is not None and end.whole and not self.unended

    def __bool__(self) -> bool:
        """Whether any message was heard."""
        return bool(self._ends)
