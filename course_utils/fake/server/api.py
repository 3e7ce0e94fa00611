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
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple

from course_utils.fake.plan import Step
from course_utils.fake.reply import Reply
from course_utils.fake.responder import Request, Schema
from course_utils.fake.server.errors import required
from course_utils.fake.server.rules import check

Body = Mapping[str, Any]

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
MOST_KEPT = 1000
KEEP_ALIVE = ": keep-alive\n\n"
_answers = itertools.count(1)
HALF_AN_EVENT = 'data: {"choices": [{"index": 0, "delta": {"content": "hal\n\n'


class Kept(NamedTuple):
    """A response that a later request may build on."""

    response: dict[str, Any]
    input: list[Any]


@dataclass
class Shared:
    """What all requests to one server share.

    Attributes:
        reasoning_field: The field of a chat completion that tells what the model
            thinks: `reasoning_content` or `reasoning`, or None: only counted.
        responses: The last by their id; older ones are forgotten.
    """

    reasoning_field: str | None = "reasoning_content"
    responses: dict[str, Kept] = field(default_factory=dict)

    def keep(self, response: dict[str, Any], items: list[Any]) -> None:
        """Remember a response and the items it answered."""
        self.responses[response["id"]] = Kept(response, items)
        for oldest in list(self.responses)[:-MOST_KEPT]:
            self.responses.pop(oldest, None)


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
        check(body)
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
        return text.encode(errors="backslashreplace")

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
    content = json.dumps([next(_answers), body], sort_keys=True, default=str)
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def _nothing(step: Step) -> str:
    return ""


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
