"""Answers to the exercises of notebook 3 on an agent's stream."""

from contextlib import suppress

from langchain_core.messages import AIMessageChunk, ToolMessage
from langgraph.config import get_stream_writer

from course_utils.passages import passages

# 1 · What the agent says, and what it asks


def own(part):
    """The message of a part of the agent itself, or None."""
    if part["type"] != "messages" or part["ns"]:
        return None
    message = part["data"][0]
    return message if isinstance(message, AIMessageChunk) else None


def question_of(part):
    if part["type"] == "updates" and "__interrupt__" in part["data"]:
        return part["data"]["__interrupt__"][0].value
    return None


def reads(text_of, question_of=question_of):
    """An answer made of what is text, and of what is a question."""

    def read_parts(parts):
        texts, question = [], None
        for part in parts:
            texts.append(text_of(part))
            asked = question_of(part)
            question = question if asked is None else asked
        return "".join(texts), question

    return read_parts


def own_text(part):
    message = own(part)
    return message.text if message else ""


def with_results(part):
    spoken = part["type"] == "messages" and not part["ns"]
    return part["data"][0].text if spoken else ""


def with_clerks(part):
    spoken = part["type"] == "messages" and part["data"][0].type != "tool"
    return part["data"][0].text if spoken else ""


def with_steps(part):
    if part["type"] == "updates":
        updates = [u for u in part["data"].values() if isinstance(u, dict)]
        return "".join(u["messages"][-1].text for u in updates if not part["ns"])
    return own_text(part)


def stripped(part):
    return own_text(part).strip()


def content(part):
    message = own(part)
    return message.content if message else ""


def first_interrupt(part):
    if part["type"] == "updates" and "__interrupt__" in part["data"]:
        return part["data"]["__interrupt__"][0]
    return None


def all_interrupts(part):
    return part["data"].get("__interrupt__") if part["type"] == "updates" else None


def only_actions(part):
    asked = first_interrupt(part)
    if asked is None:
        return None
    return asked.value["action_requests"][0] if asked.value else None


def no_question(part):
    return None


def zero_is_none(parts):
    text, question = reads(own_text)(parts)
    return text, question or None


def stops_at_a_step(parts):
    text = ""
    for part in parts:
        if part["type"] == "updates":
            return text, question_of(part)
        text += own_text(part)
    return text, None


def swallows(parts):
    text, question = "", None
    with suppress(Exception):
        for part in parts:
            text += own_text(part)
            asked = question_of(part)
            question = question if asked is None else asked
    return text, question


def only_text(parts):
    return reads(own_text)(parts)[0]


def by_passages(parts):
    """Right: the course's own reader knows what is aside."""
    text, question = "", None
    for passage in passages(parts):
        if passage.kind == "text" and not passage.aside:
            text += passage.text
        elif passage.kind == "interrupt" and question is None:
            question = passage.value
    return text, question


# 2 · Progress from inside a tool


def always_writes(done, of):
    get_stream_writer()({"done": done, "of": of})


def only_runtime_errors(done, of):
    with suppress(RuntimeError):
        get_stream_writer()({"done": done, "of": of})


def only_key_errors(done, of):
    with suppress(KeyError):
        get_stream_writer()({"done": done, "of": of})


def swallows_all(done, of):
    with suppress(Exception):
        get_stream_writer()({"done": done, "of": of})


def prints(done, of):
    print(f"{done} of {of}")


def all_in_one_block(done, of):
    with suppress(RuntimeError, KeyError):
        get_stream_writer()({"done": done, "of": of})


def as_text(done, of):
    with suppress(RuntimeError, KeyError):
        get_stream_writer()(f"{done} of {of}")


def the_other_way(done, of):
    with suppress(RuntimeError, KeyError):
        get_stream_writer()({"done": of, "of": done})


def only_the_last(done, of):
    if done == of:
        with suppress(RuntimeError, KeyError):
            get_stream_writer()({"done": done, "of": of})


WRITERS = []


def first_writer(done, of):
    """It keeps the writer of the first agent for all."""
    if not WRITERS:
        try:
            WRITERS.append(get_stream_writer())
        except (RuntimeError, KeyError):
            return
    WRITERS[0]({"done": done, "of": of})


def with_else(done, of):
    """Right, in other words."""
    try:
        write = get_stream_writer()
    except RuntimeError:
        write = None
    except KeyError:
        write = None
    if write is not None:
        write({"of": of, "done": done})


# 3 · What an agent's stream costs


def numbers(stream):
    """What each chunk says, where it says something."""
    for message, _ in stream:
        if isinstance(message, AIMessageChunk) and message.usage_metadata:
            yield message.id, message.usage_metadata["total_tokens"]


def in_all(stream):
    return sum(number for _, number in numbers(stream))


def only_those_who_say(stream):
    totals = {}
    for key, number in numbers(stream):
        totals[key] = totals.get(key, 0) + number
    return list(totals.values())


def the_last_part(stream):
    totals = {}
    for message, _ in stream:
        if isinstance(message, AIMessageChunk):
            totals.setdefault(message.id, None)
            if message.usage_metadata:
                totals[message.id] = message.usage_metadata["total_tokens"]
    return list(totals.values())


def free_if_silent(stream):
    totals = {}
    for message, _ in stream:
        if isinstance(message, AIMessageChunk):
            told = (message.usage_metadata or {}).get("total_tokens", 0)
            totals[message.id] = totals.get(message.id, 0) + told
    return list(totals.values())


def zero_is_silent(stream):
    return [total or None for total in free_if_silent(stream)]


def tools_too(stream):
    totals = {}
    for message, _ in stream:
        before = totals.setdefault(message.id, None)
        if getattr(message, "usage_metadata", None):
            totals[message.id] = (before or 0) + message.usage_metadata["total_tokens"]
    return list(totals.values())


def one_for_each_chunk(stream):
    return [
        message.usage_metadata and message.usage_metadata["total_tokens"]
        for message, _ in stream
        if not isinstance(message, ToolMessage)
    ]


def until_the_next(stream):
    """An answer ends where the next begins; two that take turns are mixed up."""
    totals, last = [], object()
    for message, _ in stream:
        if isinstance(message, AIMessageChunk):
            if message.id != last:
                totals.append(None)
            last = message.id
            if message.usage_metadata:
                totals[-1] = (totals[-1] or 0) + message.usage_metadata["total_tokens"]
    return totals


def without_doubles(stream):
    return list(dict.fromkeys(free_if_silent(stream)))


def swallowed_cost(stream):
    totals = []
    with suppress(Exception):
        totals += [number for _, number in numbers(stream)]
    return totals


def by_adding(stream):
    """Right: it adds the chunks of an answer, as notebook 2 does."""
    answers = {}
    for message, _ in stream:
        if isinstance(message, AIMessageChunk):
            known = answers.get(message.id)
            answers[message.id] = message if known is None else known + message
    usages = [answer.usage_metadata for answer in answers.values()]
    return [usage["total_tokens"] if usage else None for usage in usages]
