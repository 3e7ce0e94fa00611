"""Chat completions on the wire: what ChatOpenAI sends and reads by default.

Each token is one event, `data: {"choices": [{"delta": ...}]}`; the last ones carry the
finish reason, the usage if it was asked for, and `[DONE]`.

    ChatCompletions({"model": "fake", "messages": [{"role": "user", "content": "Hi"}]})
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from course_utils.fake.plan import Step, logprob_of
from course_utils.fake.responder import Request
from course_utils.fake.server.api import (
    Api,
    Body,
    Shared,
    encode,
    functions,
    joined,
    padding,
    stops,
    tool_choice,
)
from course_utils.fake.server.errors import OVERLOADED, required
from course_utils.fake.server.messages import messages_from
from course_utils.fake.server.rules import check_json_word

ROLE = '"delta":{"role":"assistant","content":"","refusal":null}'


class ChatCompletions(Api):
    """A request to `/v1/chat/completions`."""

    path: ClassVar[str] = "/v1/chat/completions"

    def __init__(self, body: Body, shared: Shared | None = None) -> None:
        super().__init__(body, shared)
        options = body.get("stream_options") or {}
        self.with_usage = bool(options.get("include_usage"))
        self.with_logprobs = bool(body.get("logprobs"))
        head = self._head("chat.completion.chunk")
        self._before = f"data: {encode(head)[:-1]},"
        self._after = ',"usage":null' if self.with_usage else ""

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{self.id}",
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
        messages = messages_from(required(body, "messages"))
        if form.get("type") == "json_object":
            check_json_word([str(message.text) for message in messages], chat=True)
        return Request(
            messages,
            tools=functions(body.get("tools")),
            tool_choice=tool_choice(body.get("tool_choice")),
            schema=(form.get("json_schema") or {}).get("schema"),
            json_mode=form.get("type") == "json_object",
            stop=stops(body.get("stop")),
            max_tokens=limit,
            model=self.model,
        )

    def _chunk(
        self, content: str, step: Step, finish: str = "null", likely: str = "null"
    ) -> str:
        # By hand, since this runs for every token: a third of what encoding all costs.
        choice = f'{{"index":0,{content},"logprobs":{likely},"finish_reason":{finish}}}'
        after = self._after + padding(step)
        return f'{self._before}"choices":[{choice}]{after}}}\n\n'

    def _event(self, choices: list[dict[str, Any]], after: str) -> str:
        return f'{self._before}"choices":{encode(choices)}{after}}}\n\n'

    def _role(self, step: Step) -> str:
        return self._chunk(ROLE, step)

    def _reason(self, step: Step) -> str:
        field = self.shared.reasoning_field
        if field is None:
            return ""
        return self._chunk(f'"delta":{{"{field}":{encode(step.text)}}}', step)

    def _text(self, step: Step) -> str:
        return self._piece("content", step)

    def _refusal(self, step: Step) -> str:
        return self._piece("refusal", step)

    def _piece(self, field: str, step: Step) -> str:
        delta = f'"delta":{{"{field}":{encode(step.text)}}}'
        if not self.with_logprobs:
            return self._chunk(delta, step)
        return self._chunk(delta, step, likely=encode(self._logprobs(field, [step])))

    def _logprobs(self, said: str, steps: Sequence[Step]) -> dict[str, Any] | None:
        if not self.with_logprobs:
            return None
        wanted = self.body.get("top_logprobs") or 0
        found = [
            logprob_of(step) | {"top_logprobs": [logprob_of(step)][:wanted]}
            for step in steps
        ]
        return {"content": None, "refusal": None} | {said: found}

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
            "message": self._message(steps),
            "logprobs": self._whole_logprobs(steps),
            "finish_reason": last["finish"].text if "finish" in last else None,
        }
        counted = usage(last.get("usage", Step("usage")))
        return self._head("chat.completion") | {"choices": [choice], "usage": counted}

    def _whole_logprobs(self, steps: Sequence[Step]) -> dict[str, Any] | None:
        refused = [step for step in steps if step.kind == "refusal"]
        if refused:
            return self._logprobs("refusal", refused)
        return self._logprobs("content", [s for s in steps if s.kind == "text"])

    def _message(self, steps: Sequence[Step]) -> dict[str, Any]:
        text, refused = joined(steps, "text"), joined(steps, "refusal")
        calls, thoughts = _tool_calls(steps), joined(steps, "reason")
        content = text if text or not (calls or refused) else None
        message = {"role": "assistant", "content": content, "refusal": refused or None}
        field = self.shared.reasoning_field
        if thoughts and field is not None:
            message[field] = thoughts
        return message | ({"tool_calls": calls} if calls else {})


def usage(step: Step) -> dict[str, Any]:
    """Tokens in and out, as chat completions count them."""
    taken, given, thought = step.usage
    predicted = {"accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}
    return {
        "prompt_tokens": taken,
        "completion_tokens": given,
        "total_tokens": taken + given,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": thought,
            "audio_tokens": 0,
            **predicted,
        },
    }


def _tool_calls(steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [
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
