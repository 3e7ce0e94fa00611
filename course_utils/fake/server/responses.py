"""The Responses API on the wire: named events about items that open and close.

An answer is a list of items, a message or function calls; each is announced, filled by
deltas and closed. The last event holds the whole response: there is no `[DONE]`.

    Responses({"model": "fake", "input": "Hi", "stream": True})
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from course_utils.fake.plan import Step
from course_utils.fake.reply import Reply
from course_utils.fake.responder import Request
from course_utils.fake.server.api import Api, Body, Shared, functions, tool_choice
from course_utils.fake.server.errors import OVERLOADED, required
from course_utils.fake.server.items import Items
from course_utils.fake.server.messages import items_from, messages_from_items
from course_utils.fake.server.rules import check_json_word, invalid

COMPLETED = ("stop", "tool_calls")
# Why a response is incomplete, for the finish reason of a chat completion.
INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


class Responses(Api):
    """A request to `/v1/responses`."""

    path: ClassVar[str] = "/v1/responses"

    def __init__(self, body: Body, shared: Shared | None = None) -> None:
        super().__init__(body, shared)
        self._items = Items(self.id, summary=_summary(body), logprobs=_logprobs(body))
        self._why = ""  # why the answer is incomplete

    def _request(self) -> Request:
        body = self.body
        form = (body.get("text") or {}).get("format") or {}
        self._input = items_from(required(body, "input"), self._earlier())
        messages = messages_from_items(self._input, body.get("instructions"))
        if form.get("type") == "json_object":
            check_json_word([str(message.text) for message in messages], chat=False)
        return Request(
            messages,
            tools=functions(body.get("tools")),
            tool_choice=tool_choice(body.get("tool_choice")),
            schema=form.get("schema"),
            json_mode=form.get("type") == "json_object",
            max_tokens=body.get("max_output_tokens"),
            model=self.model,
        )

    def _earlier(self) -> list[Any]:
        """The conversation that this request goes on with."""
        name = self.body.get("previous_response_id")
        if name is None:
            return []
        if (earlier := self.shared.responses.get(name)) is None:
            raise invalid(
                f"Previous response with id '{name}' not found.",
                "previous_response_id",
                "previous_response_not_found",
            )
        return [*earlier.input, *earlier.response["output"]]

    def suited(self, reply: Reply) -> Reply:
        """The reply as this API can tell it: one item after the other."""
        return replace(super().suited(reply), interleave=False)

    # Each step as its events.

    def _role(self, step: Step) -> str:
        begun = {"response": self._response("in_progress")}
        event = self._items.event
        return event("response.created", begun) + event("response.in_progress", begun)

    def _reason(self, step: Step) -> str:
        return self._items.think(step)

    def _text(self, step: Step) -> str:
        return self._items.say(step)

    def _refusal(self, step: Step) -> str:
        return self._items.refuse(step)

    def _tool(self, step: Step) -> str:
        return self._items.call(step)

    def _args(self, step: Step) -> str:
        return self._items.argue(step)

    def _finish(self, step: Step) -> str:
        if step.text not in COMPLETED:
            self._why = INCOMPLETE.get(step.text, step.text)
        self._items.incomplete = bool(self._why)
        return self._items.finish()

    def _usage(self, step: Step) -> str:
        status = "incomplete" if self._why else "completed"
        response = self._response(status) | {"usage": usage(step)}
        if self.body.get("store") is not False:
            self.shared.keep(response, self._input)
        return self._items.event(f"response.{status}", {"response": response})

    def _error(self, step: Step) -> str:
        error = {"code": "server_error", "message": OVERLOADED, "param": None}
        return self._items.event("error", error)

    def whole(self, steps: Sequence[Step]) -> dict[str, Any]:
        """The answer of a call that does not stream."""
        for step in steps:
            self.frame(step)
        counted = [None, *(usage(step) for step in steps if step.kind == "usage")]
        status = "incomplete" if self._why else "completed"
        return self._response(status) | {"usage": counted[-1]}

    def _response(self, status: str) -> dict[str, Any]:
        why = {"reason": self._why} if self._why else None
        return {
            "id": f"resp_{self.id}",
            "object": "response",
            "created_at": self.created,
            "status": status,
            "error": None,
            "incomplete_details": why,
            "instructions": self.body.get("instructions"),
            "metadata": self.body.get("metadata") or {},
            "model": self.model,
            "output": self._items.output,
            "parallel_tool_calls": self.body.get("parallel_tool_calls") is not False,
            "previous_response_id": self.body.get("previous_response_id"),
            "store": self.body.get("store") is not False,
            "temperature": self.body.get("temperature"),
            "tool_choice": self.body.get("tool_choice") or "auto",
            "tools": self.body.get("tools") or [],
            "top_p": self.body.get("top_p"),
            "text": self.body.get("text") or {"format": {"type": "text"}},
            "usage": None,
        }


def _summary(body: Body) -> bool:
    """Whether the caller reasoning to be told what the model thinks."""
    reasoning = body.get("reasoning") or {}
    return bool(reasoning.get("summary") or reasoning.get("generate_summary"))


def _logprobs(body: Body) -> int | None:
    wanted = "message.output_text.logprobs" in (body.get("include") or ())
    return int(body.get("top_logprobs") or 0) if wanted else None


def usage(step: Step) -> dict[str, Any]:
    """Tokens in and out, as the Responses API counts them."""
    taken, given, thought = step.usage
    return {
        "input_tokens": taken,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": given,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": taken + given,
    }
