"""Chat completions on the wire: what ChatOpenAI sends and reads by default.

Each token is one event, `data: {"choices": [{"delta": ...}]}`; the last ones carry the
finish reason, the usage if it was asked for, and `[DONE]`.

    ChatCompletions({"model": "fake", "messages": [{"role": "user", "content": "Hi"}]})
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from course_utils.replies import Step
from course_utils.responder import Request
from course_utils.wire_api import (
    Api,
    Body,
    encode,
    functions,
    joined,
    messages_from,
    padding,
    stops,
    tool_choice,
)
from course_utils.wire_errors import OVERLOADED, required

ROLE = '"delta":{"role":"assistant","content":"","refusal":null}'


class ChatCompletions(Api):
    """A request to `/v1/chat/completions`."""

    path: ClassVar[str] = "/v1/chat/completions"
    event: ClassVar[str] = "chat.completion.chunk"
    prefix: ClassVar[str] = "chatcmpl"

    def __init__(self, body: Body) -> None:
        super().__init__(body)
        options = body.get("stream_options") or {}
        self.with_usage = bool(options.get("include_usage"))
        head = self._head(self.event)
        self._before = f"data: {encode(head)[:-1]},"
        self._after = ',"usage":null' if self.with_usage else ""

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"{self.prefix}-{self.id}",
            "object": kind,
            "created": self.created,
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": None,
        }

    def _request(self) -> Request:
        body = self.body
        form = body.get("response_format") or {}
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        return Request(
            messages_from(required(body, "messages")),
            tools=functions(body.get("tools")),
            tool_choice=tool_choice(body.get("tool_choice")),
            schema=(form.get("json_schema") or {}).get("schema"),
            json_mode=form.get("type") == "json_object",
            stop=stops(body.get("stop")),
            max_tokens=limit,
            model=self.model,
        )

    def _chunk(self, content: str, step: Step, finish: str = "null") -> str:
        # By hand, since this runs for every token: a third of what encoding all costs.
        choice = f'{{"index":0,{content},"logprobs":null,"finish_reason":{finish}}}'
        after = self._after + padding(step)
        return f'{self._before}"choices":[{choice}]{after}}}\n\n'

    def _event(self, choices: list[dict[str, Any]], after: str) -> str:
        return f'{self._before}"choices":{encode(choices)}{after}}}\n\n'

    def _role(self, step: Step) -> str:
        return self._chunk(ROLE, step)

    def _text(self, step: Step) -> str:
        return self._chunk(f'"delta":{{"content":{encode(step.text)}}}', step)

    def _tool(self, step: Step) -> str:
        function = {"name": step.text, "arguments": ""}
        call = {"index": step.index, "id": step.tool_id, "type": "function"}
        delta = {"tool_calls": [call | {"function": function}]}
        return self._chunk(f'"delta":{encode(delta)}', step)

    def _args(self, step: Step) -> str:
        call = {"index": step.index, "function": {"arguments": step.text}}
        return self._chunk(f'"delta":{encode({"tool_calls": [call]})}', step)

    def _finish(self, step: Step) -> str:
        return self._chunk('"delta":{}', step, encode(step.text))

    def _usage(self, step: Step) -> str:
        if not self.with_usage:
            return ""
        return self._event([], f',"usage":{encode(usage(step))}')

    def _done(self, step: Step) -> str:
        return "data: [DONE]\n\n"

    def _error(self, step: Step) -> str:
        error = {"message": OVERLOADED, "type": "server_error", "param": None}
        return f"data: {encode({'error': error | {'code': 'server_error'}})}\n\n"

    def whole(self, steps: Sequence[Step]) -> dict[str, Any]:
        """The answer of a call that does not stream."""
        last = {step.kind: step for step in steps}
        choice = {
            "index": 0,
            "message": _message(steps),
            "logprobs": None,
            "finish_reason": last["finish"].text if "finish" in last else None,
        }
        counted = usage(last.get("usage", Step("usage")))
        return self._head("chat.completion") | {"choices": [choice], "usage": counted}


def usage(step: Step) -> dict[str, int]:
    """Tokens in and out, as chat completions count them."""
    taken, given = step.usage
    return {
        "prompt_tokens": taken,
        "completion_tokens": given,
        "total_tokens": taken + given,
    }


def _message(steps: Sequence[Step]) -> dict[str, Any]:
    calls = [
        {
            "id": step.tool_id,
            "type": "function",
            "function": {
                "name": step.text,
                "arguments": joined(steps, "args", step.index),
            },
        }
        for step in steps
        if step.kind == "tool"
    ]
    text = joined(steps, "text")
    content = text if text or not calls else None
    message = {"role": "assistant", "content": content, "refusal": None}
    return message | ({"tool_calls": calls} if calls else {})
