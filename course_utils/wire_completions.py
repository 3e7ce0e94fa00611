"""The older completions API on the wire: a prompt in, bare text out.

Completions({"model": "fake", "prompt": "Hi", "stream": True})
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from langchain_core.messages import HumanMessage

from course_utils.plan import Step
from course_utils.responder import Request
from course_utils.wire_api import joined, padding, stops, wrong_type
from course_utils.wire_chat import ChatCompletions, usage


class Completions(ChatCompletions):
    """A request to `/v1/completions`."""

    path: ClassVar[str] = "/v1/completions"
    event: ClassVar[str] = "text_completion"
    prefix: ClassVar[str] = "cmpl"

    def _request(self) -> Request:
        return Request(
            [HumanMessage(_prompt(self.body.get("prompt")))],
            stop=stops(self.body.get("stop")),
            max_tokens=self.body.get("max_tokens"),
            model=self.model,
        )

    def _bare(self, step: Step, text: str, finish: str | None) -> str:
        return self._event([_choice(text, finish)], self._after + padding(step))

    def _role(self, step: Step) -> str:
        return ""

    def _text(self, step: Step) -> str:
        return self._bare(step, step.text, None)

    def _reason(self, step: Step) -> str:
        return ""

    def _refusal(self, step: Step) -> str:
        return ""

    def _tool(self, step: Step) -> str:
        return ""

    def _args(self, step: Step) -> str:
        return ""

    def _finish(self, step: Step) -> str:
        return self._bare(step, "", step.text)

    def whole(self, steps: Sequence[Step]) -> dict[str, Any]:
        """The answer of a call that does not stream."""
        last = {step.kind: step for step in steps}
        finish = last["finish"].text if "finish" in last else None
        choice = _choice(joined(steps, "text"), finish)
        counted = usage(last.get("usage", Step("usage")))
        return self._head(self.event) | {"choices": [choice], "usage": counted}


def _choice(text: str, finish: str | None) -> dict[str, Any]:
    return {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}


def _prompt(prompt: Any) -> str:
    alone = prompt[0] if isinstance(prompt, list) and len(prompt) == 1 else prompt
    if alone is None or isinstance(alone, str):
        return alone or ""
    raise wrong_type("prompt", "a string", prompt)
