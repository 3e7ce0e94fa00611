"""Scenes for a model that says the last message again, word by word.

Whatever the words are, each comes alone, the last chunk says why it ended and what it
cost, and `invoke` says the same.

    speaks_word_by_word(Echo)
"""

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk

from course_utils.chunks import text_of
from course_utils.finish import finish_of
from course_utils.lessons.scenes import MANY, NASTY, in_turns, take
from course_utils.teaching.checks import NotYet, expect, expect_equal, shorten

Model = type[BaseChatModel]

SAID = ["one two three", "one", f"{NASTY} no no", " Two  blanks,\n\na line break. "]


def speaks_word_by_word(model_class: Model) -> None:
    """Go on if each word of the last message comes in a chunk of its own."""
    model = model_class()
    for made in take(model._stream([HumanMessage("one two")])):
        if not isinstance(made, ChatGenerationChunk):
            raise NotYet(
                f"`_stream` yields {shorten(made)} outside a generation chunk."
            )
    for said in [*SAID, "", "".join(MANY)]:
        texts = [text for chunk in _heard(model, said) if (text := text_of(chunk))]
        words = said.split()
        expect_equal("".join(texts).split(), words, f"of {shorten(said)}, the words")
        one = "The text came in one chunk: yield each word."
        expect(len(texts) > 1 or len(words) < 2, one)
        alone = [text.strip() for text in texts if text.strip()] == words
        case = f"For {shorten(said)} your chunks are {shorten(texts)}: "
        expect(alone, f"{case}each word is a chunk of its own.")
    chat = [HumanMessage("one"), AIMessage("two"), HumanMessage("three four")]
    words = "".join(map(text_of, model.stream(chat))).split()
    expect_equal(words, ["three", "four"], "of a chat of three messages, the words")


def _heard(model: BaseChatModel, said: str) -> list[Any]:
    """The chunks of an answer; LangChain raises a ValueError if there is none."""
    try:
        return take(model.stream(said))
    except ValueError as error:
        if said:
            raise
        why = "For an empty message `_stream` yields no chunk at all: the last one, "
        raise NotYet(f"{why}with usage and reason, comes always.") from error


def says_why_it_ended(model_class: Model) -> None:
    """Go on if one chunk says why it ended, by which name, and what it cost."""
    for said in SAID:
        chunks = take(model_class().stream(said))
        reasons = [chunk for chunk in chunks if finish_of(chunk)]
        expect(reasons, "No chunk has a `finish_reason`.")
        count = len(reasons)
        often = f"{count} chunks have a `finish_reason`: only the last one says why "
        expect(count == 1, f"{often}it ended.")
        named = reasons[0].response_metadata.get("model_name")
        lost = "`response_metadata` has no `model_name` beside the finish reason."
        expect(named, lost)
        expect_equal(_reason(reasons[0]), "stop", "the `finish_reason`")
        usages = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
        expect(usages, "No chunk has `usage_metadata`.")
        _check_usage(usages, len(said.split()), shorten(said))
    made = take(model_class()._stream([HumanMessage("one two")]))
    last = getattr(made[-1], "message", None)
    both = last and finish_of(last) and getattr(last, "usage_metadata", None)
    expect(both, "The last chunk of `_stream` carries the reason and the usage, both.")


def _check_usage(usages: list[Any], words: int, said: str) -> None:
    for kind, true in {"input": words, "output": words, "total": 2 * words}.items():
        count = sum(usage.get(f"{kind}_tokens", 0) for usage in usages)
        why = f"{words} words in, {words} out of {said}, and `{kind}_tokens` add up to "
        expect(count == true, f"{why}{count}.")


def says_the_same_at_once(model_class: Model) -> None:
    """Go on if `invoke` gives the words, the reason, the name and the usage, too."""
    model = model_class()
    for said in ("a b", NASTY):
        message = model.invoke(said)
        expect_equal(text_of(message).split(), said.split(), "invoke, in words")
        reason = _reason(message)
        expect(reason == "stop", f"The finish reason of `invoke` is {reason!r}.")
        chunks = take(model.stream(said))
        total: Any = sum(chunks[1:], chunks[0])
        differ = "`invoke` and `stream` differ in "
        expect(message.usage_metadata == total.usage_metadata, f"{differ}the usage.")
        names = [one.response_metadata.get("model_name") for one in (message, total)]
        expect(names[0] == names[1], f"{differ}the `model_name`: {names}.")
    expect(
        model._get_ls_params().get("ls_model_name"),
        "LangChain finds no name for it: keep the field `model: str` of the class.",
    )


def keeps_answers_apart(model_class: Model) -> None:
    """Go on if one object may give two answers at once."""
    model = model_class()
    got = in_turns(model.stream("one two three"), model.stream("four five"))
    said = ["".join(map(text_of, chunks)).split() for chunks in got]
    why = f"Two streams of one model at once gave {said}: what do they share?"
    expect(said == [["one", "two", "three"], ["four", "five"]], why)


def _reason(message: Any) -> str | None:
    ended = finish_of(message)
    return None if ended is None else ended.reason
