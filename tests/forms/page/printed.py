"""The loops that the pages print and that do not do what they seem to: each is run.

A loop that is not here is the case's own, and runs. These say in words what happens, so
that the page changes when LangChain does.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from course_utils.fake import FakeStreamingChatModel, Reply
from tests.forms import graphs
from tests.forms.cases import unwrapped
from tests.forms.graphs import ASK

WORDS = "It is sunny there today and it will be so tomorrow."


def run() -> Any:
    return graphs.agent(unwrapped).stream_events(ASK, version="v3")


async def without_await() -> str:
    coroutine = graphs.agent(unwrapped).astream_events(ASK, version="v3")
    try:
        list(coroutine.messages)
    except AttributeError as error:
        return f"no: {error}; it needs `await`"
    finally:
        coroutine.close()
    return "yes"


async def raw_data() -> str:
    """It takes the data of an event of `messages` for a dictionary."""
    events = [event for event in run() if event["method"] == "messages"]
    try:
        events[0]["params"]["data"]["event"]
    except TypeError as error:
        return f"no: {error}; the data is a pair"
    return "yes"


async def tokens_of_data() -> str:
    """It counts the tokens in data that is a dictionary."""
    data = [event["params"]["data"] for event in run() if event["method"] == "messages"]
    counted = sum(isinstance(one, dict) for one in data)
    return "yes" if counted else "runs, and counts 0 tokens: the data is a pair"


async def second_loop() -> str:
    events = run()
    list(events.messages)
    found = list(events.tool_calls)
    return "yes" if found else "runs, and its second loop gets nothing"


async def thoughts_first() -> str:
    """It reads all of `.reasoning`, and then `.text`."""
    late = all_sent_at_first_text(thoughts=True)
    return "runs, and all text comes at once, at the end" if late else "yes"


def all_sent_at_first_text(thoughts: bool) -> bool:
    """Whether the model is done when the first text comes, its thoughts read before."""
    reply = Reply(WORDS, reasoning="Let me see.", per_token=0.1)
    model = FakeStreamingChatModel(reply)
    message = model.stream_events("Hi", version="v3")
    if thoughts:
        list(message.reasoning)
    next(iter(message.text))
    return model.log[0].outcome == "finished"


PRINTED: dict[str, Callable[[], Awaitable[str]]] = {
    "lc-e7": without_await,
    "lg-v9": raw_data,
    "lg-v12": tokens_of_data,
    "lc-e4": second_loop,
    "lc-s5": thoughts_first,
    "lc-e3": thoughts_first,
    "cb-2": thoughts_first,
}
