"""The Responses API on the wire: named events about items that open and close.

An answer is a list of items, a message or function calls; each is announced, filled by
deltas and closed. The last event holds the whole response: there is no `[DONE]`.

    Responses({"model": "fake", "input": "Hi", "stream": True})
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from langchain_core.messages import BaseMessage

from course_utils.replies import Step
from course_utils.responder import Request
from course_utils.wire_api import (
    Api,
    Body,
    encode,
    functions,
    messages_from,
    padding,
    tool_choice,
)
from course_utils.wire_errors import OVERLOADED, Refused, required

Item = dict[str, Any]

# Why a response is incomplete, for the finish reason of a chat completion.
INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


class Responses(Api):
    """A request to `/v1/responses`."""

    path: ClassVar[str] = "/v1/responses"

    def __init__(self, body: Body) -> None:
        super().__init__(body)
        self._items: list[Item] = []
        self._open = False  # whether the last item may still grow
        self._number = -1  # the sequence number of the last event
        self._why = ""  # why the answer is incomplete
        if earlier := body.get("previous_response_id"):
            raise Refused(
                400,
                f"Previous response with id '{earlier}' not found: "
                "this server keeps none, send the whole conversation.",
                param="previous_response_id",
                code="previous_response_not_found",
            )

    def _request(self) -> Request:
        body = self.body
        form = (body.get("text") or {}).get("format") or {}
        return Request(
            _messages(required(body, "input"), body.get("instructions")),
            tools=functions(body.get("tools")),
            tool_choice=tool_choice(body.get("tool_choice")),
            schema=form.get("schema"),
            json_mode=form.get("type") == "json_object",
            max_tokens=body.get("max_output_tokens"),
            model=self.model,
        )

    # Each step as its events.

    def _role(self, step: Step) -> str:
        begun = {"response": self._response("in_progress")}
        return self._event("response.created", begun) + self._event(
            "response.in_progress", begun
        )

    def _text(self, step: Step) -> str:
        opened = self._open_message()
        part = self._items[-1]["content"][0]
        part["text"] += step.text
        delta = self._where() | {"content_index": 0, "delta": step.text, "logprobs": []}
        return opened + self._event("response.output_text.delta", delta, padding(step))

    def _tool(self, step: Step) -> str:
        item = {
            "id": f"fc_{step.index}_{self.id}",
            "type": "function_call",
            "status": "in_progress",
            "call_id": step.tool_id,
            "name": step.text,
            "arguments": "",
        }
        return self._close() + self._add(item)

    def _args(self, step: Step) -> str:
        self._items[-1]["arguments"] += step.text
        delta = self._where() | {"delta": step.text}
        name = "response.function_call_arguments.delta"
        return self._event(name, delta, padding(step))

    def _finish(self, step: Step) -> str:
        self._why = INCOMPLETE.get(step.text, "")
        return ("" if self._items else self._open_message()) + self._close()

    def _usage(self, step: Step) -> str:
        status = "incomplete" if self._why else "completed"
        response = self._response(status) | {"usage": usage(step)}
        return self._event(f"response.{status}", {"response": response})

    def _error(self, step: Step) -> str:
        error = {"code": "server_error", "message": OVERLOADED, "param": None}
        return self._event("error", error)

    def whole(self, steps: Sequence[Step]) -> dict[str, Any]:
        """The answer of a call that does not stream."""
        for step in steps:
            self.frame(step)
        counted = [None, *(usage(step) for step in steps if step.kind == "usage")]
        status = "incomplete" if self._why else "completed"
        return self._response(status) | {"usage": counted[-1]}

    # Items: announced, then closed.

    def _open_message(self) -> str:
        if self._open:
            return ""
        item: dict[str, Any] = {
            "id": f"msg_{self.id}",
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }
        added = self._add(item)
        part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        begun = self._event("response.content_part.added", self._part(part))
        item["content"] = [part]
        return added + begun

    def _add(self, item: Item) -> str:
        self._items.append(item)
        self._open = True
        place = {"output_index": len(self._items) - 1, "item": item}
        return self._event("response.output_item.added", place)

    def _close(self) -> str:
        if not self._open:
            return ""
        self._open = False
        item = self._items[-1]
        item["status"] = "incomplete" if self._why else "completed"
        place = {"output_index": len(self._items) - 1, "item": item}
        done = self._event("response.output_item.done", place)
        return self._closing(item) + done

    def _closing(self, item: Item) -> str:
        if item["type"] == "function_call":
            whole = {"name": item["name"], "arguments": item["arguments"]}
            name = "response.function_call_arguments.done"
            return self._event(name, self._where() | whole)
        part = item["content"][0]
        text = {"content_index": 0, "text": part["text"], "logprobs": []}
        return self._event(
            "response.output_text.done", self._where() | text
        ) + self._event("response.content_part.done", self._part(part))

    def _where(self) -> dict[str, Any]:
        last = len(self._items) - 1
        return {"item_id": self._items[last]["id"], "output_index": last}

    def _part(self, part: Item) -> dict[str, Any]:
        return self._where() | {"content_index": 0, "part": part}

    def _event(self, name: str, fields: Mapping[str, Any], after: str = "") -> str:
        self._number += 1
        head = {"type": name, "sequence_number": self._number}
        return f"event: {name}\ndata: {encode({**head, **fields})[:-1]}{after}}}\n\n"

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
            "output": self._items,
            "parallel_tool_calls": True,
            "temperature": self.body.get("temperature"),
            "tool_choice": self.body.get("tool_choice") or "auto",
            "tools": self.body.get("tools") or [],
            "top_p": self.body.get("top_p"),
            "text": self.body.get("text") or {"format": {"type": "text"}},
            "usage": None,
        }


def usage(step: Step) -> dict[str, Any]:
    """Tokens in and out, as the Responses API counts them."""
    taken, given = step.usage
    return {
        "input_tokens": taken,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": given,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": taken + given,
    }


def _messages(given: Any, instructions: str | None) -> list[BaseMessage]:
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if isinstance(items, list):
        items = [_as_chat(item) for item in items if _is_said(item)]
    if instructions and items:
        items = [{"role": "system", "content": instructions}, *items]
    return messages_from(items, "input")


def _is_said(item: Any) -> bool:
    said = (None, "message", "function_call", "function_call_output")
    return not isinstance(item, Mapping) or item.get("type") in said


def _as_chat(item: Any) -> Any:
    """An item of a conversation, as chat completions write it."""
    if not isinstance(item, Mapping):
        return item
    if item.get("type") == "function_call":
        function = {"name": item["name"], "arguments": item["arguments"]}
        call = {"id": item["call_id"], "type": "function", "function": function}
        return {"role": "assistant", "content": "", "tool_calls": [call]}
    if item.get("type") == "function_call_output":
        said = {"role": "tool", "tool_call_id": item["call_id"]}
        return said | {"content": _content(item["output"])}
    return {"role": item.get("role"), "content": _content(item.get("content"))}


def _content(content: Any) -> Any:
    if not isinstance(content, list):
        return content
    return [
        {"type": "text", "text": part["text"]} if "text" in part else part
        for part in content
    ]
