"""What the server's APIs have in common: a request read, steps written as events.

An API reads the JSON body of a request and writes each step of the reply as a
server-sent event, or all of them as one JSON answer. It does no IO and never waits.

    api = ChatCompletions({"model": "fake", "messages": [...], "stream": True})
    api.frame(Step("text", text="Hi"))
"""

import hashlib
import itertools
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from langchain_core.messages import BaseMessage, convert_to_messages

from course_utils.plan import Step
from course_utils.replies import Reply
from course_utils.responder import Request, Schema
from course_utils.wire_errors import Refused, required

Body = Mapping[str, Any]

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
# The fields whose type is checked before anything reads them.
FIELDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "model": (str, "a string"),
    "tools": (list, "an array of objects"),
    "response_format": (dict, "an object"),
    "text": (dict, "an object"),
    "stream_options": (dict, "an object"),
    "max_tokens": (int, "an integer"),
    "max_completion_tokens": (int, "an integer"),
    "max_output_tokens": (int, "an integer"),
    "stop": ((str, list), "a string or an array of strings"),
}
KEEP_ALIVE = ": keep-alive\n\n"
_answers = itertools.count(1)
HALF_AN_EVENT = 'data: {"choices": [{"index": 0, "delta": {"content": "hal\n\n'


@dataclass
class Shared:
    """What all requests to one server share.

    Attributes:
        reasoning_field: The field of a chat completion that tells what the model
            thinks: `reasoning_content` or `reasoning`, or None: only counted.
    """

    reasoning_field: str | None = "reasoning_content"


class Api:
    """One request to one API, and the writing of its answer.

    Attributes:
        request: What was asked, in the terms of the script.
        streamed: Whether the caller wants server-sent events.
    """

    path: ClassVar[str]

    def __init__(self, body: Body, shared: Shared | None = None) -> None:
        self.body = body
        self.shared = shared or Shared()
        self.model: str = required(body, "model")
        _check(body)
        self.request = self._request()
        self.streamed = body.get("stream") is True
        self.id = new_id(body)
        self.created = int(time.time())

    def _request(self) -> Request:
        raise NotImplementedError

    def suited(self, reply: Reply) -> Reply:
        """The reply as this API can tell it."""
        # A body that comes all at once has no place for comments.
        return reply if self.streamed else replace(reply, keep_alive=False)

    def frame(self, step: Step) -> bytes:
        """The bytes of this step; none when the API has no event for it."""
        text: str = getattr(self, f"_{step.kind}", _nothing)(step)
        return text.encode(errors="replace")

    def whole(self, steps: Sequence[Step]) -> dict[str, Any]:
        """The answer of a call that does not stream."""
        raise NotImplementedError

    def _keep_alive(self, step: Step) -> str:
        return KEEP_ALIVE

    def _garble(self, step: Step) -> str:
        return HALF_AN_EVENT


def new_id(body: Body) -> str:
    """An id for the answer to this body: another each time, alike in every process.

    A lesson shows it, so it may not be random; an agent's state tells messages apart
    by it, so two answers may not share one.
    """
    told = json.dumps([next(_answers), body], sort_keys=True, default=str)
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


def _nothing(step: Step) -> str:
    return ""


def _check(body: Body) -> None:
    for name, (kind, expected) in FIELDS.items():
        if body.get(name) is not None and not isinstance(body[name], kind):
            raise wrong_type(name, expected, body[name])
    for name in ("n", "best_of"):
        if body.get(name) not in (None, 1):
            raise Refused(
                400,
                f"Unsupported value: '{name}' does not support {body[name]} with this "
                "model. Only the value 1 is supported: ask again for another answer.",
                param=name,
                code="unsupported_value",
            )


def wrong_type(name: str, expected: str, value: object) -> Refused:
    """The refusal of a field that holds the wrong kind of value."""
    got = "null" if value is None else type(value).__name__
    return Refused(
        400,
        f"Invalid type for '{name}': expected {expected}, but got {got} instead.",
        param=name,
        code="invalid_type",
    )


def messages_from(messages: Any, name: str = "messages") -> list[BaseMessage]:
    """LangChain's messages from OpenAI's."""
    if not isinstance(messages, list):
        raise wrong_type(name, "an array of objects", messages)
    if not messages:
        raise Refused(
            400,
            f"Invalid '{name}': empty array. Expected at least one message.",
            param=name,
            code="empty_array",
        )
    try:
        return convert_to_messages(messages)
    except Exception as error:  # whatever LangChain finds wrong, the caller reads
        raise Refused(
            400, f"Invalid '{name}': {error}", param=name, code="invalid_value"
        ) from error


def functions(tools: Any) -> list[Schema]:
    """The function tools of a request, from either API's way to write them."""
    found = [tool for tool in tools or () if tool["type"] == "function"]
    return [tool.get("function", tool) for tool in found]


def tool_choice(choice: Any) -> str:
    """`auto`, `none`, `required`, or the name of the tool to call.

    >>> tool_choice({"type": "function", "function": {"name": "pay"}})
    'pay'
    """
    if not isinstance(choice, Mapping):
        return str(choice or "auto")
    allowed = choice.get("allowed_tools", choice)
    name = choice.get("function", choice).get("name")
    return str(name or allowed.get("mode") or "auto")


def stops(stop: Any) -> list[str]:
    """Stop sequences as a list, however they were given."""
    return [stop] if isinstance(stop, str) else list(stop or ())


def joined(steps: Sequence[Step], kind: str, index: int = 0) -> str:
    """The text of all steps of a kind, as one."""
    return "".join(s.text for s in steps if s.kind == kind and s.index == index)


def padding(step: Step) -> str:
    """An ignored field of the asked size: OpenAI pads events under this name too."""
    return f',"obfuscation":"{"x" * step.padding}"' if step.padding else ""
