"""What each step of a reply looks like to LangChain: a chunk, an error, one message.

A model that thinks answers in blocks, reasoning first; any other in plain text.

    chunk_of(Step("text", text="Hi"), reply, call)
"""

import json
from typing import Any

from langchain_core.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
)
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from course_utils.fake.plan import Step, logprob_of
from course_utils.fake.reply import Reply
from course_utils.fake.script import Call

REFUSALS: dict[int, type[Exception]] = {
    400: ModelInvalidRequestError,
    401: ModelAuthenticationError,
    403: ModelPermissionDeniedError,
    404: ModelNotFoundError,
    429: ModelRateLimitError,
}
BREAKS: dict[str, tuple[type[Exception], str]] = {
    "reset": (ModelConnectionError, "The connection was reset before any answer."),
    "drop": (ModelConnectionError, "The connection was reset in mid-answer."),
    "truncate": (ModelConnectionError, "The answer's body ended before its end."),
    "error": (ModelAPIError, "The server had an error in mid-answer."),
    "garble": (ModelAPIError, "The server sent an event that is not JSON."),
}


def chunk_of(step: Step, reply: Reply, call: Call) -> ChatGenerationChunk | None:
    """The chunk that a step sends, if it sends one; a fault raises its error."""
    if step.kind == "text" and not reply.reasoning and reply.logprobs is None:
        # nearly every step
        return ChatGenerationChunk(message=AIMessageChunk(content=step.text))
    if step.kind == "refuse":
        raise refusal(reply)
    if step.kind in BREAKS:
        error, words = BREAKS[step.kind]
        raise error(words)
    message = _message(step, reply, call)
    return None if message is None else ChatGenerationChunk(message=message)


def refusal(reply: Reply) -> Exception:
    """The error of a refused request; `retry_after` is on it when the reply has one."""
    status = reply.status or 500
    error = REFUSALS.get(status, ModelAPIError)(f"The model refused: status {status}.")
    error.retry_after = reply.retry_after  # type: ignore[attr-defined]  # as SDKs do
    return error


def _message(step: Step, reply: Reply, call: Call) -> AIMessageChunk | None:
    match step.kind:
        case "role":
            return AIMessageChunk(content=[] if reply.reasoning else "")
        case "reason":
            return AIMessageChunk(content=[_thought(step.text) | {"index": 0}])
        case "text":
            return _text_chunk(step, reply)
        case "refusal":
            return AIMessageChunk(content="", additional_kwargs={"refusal": step.text})
        case "tool":
            return _tool_chunk(step, step.text, "")
        case "args":
            return _tool_chunk(step, None, step.text)
        case "finish":
            return AIMessageChunk(content="", response_metadata=_ending(step, call))
        case "usage":
            return AIMessageChunk(content="", usage_metadata=_usage(step))
    return None


def _text_chunk(step: Step, reply: Reply) -> AIMessageChunk:
    metadata = _logprobs([step]) if reply.logprobs is not None else {}
    if not reply.reasoning:
        return AIMessageChunk(content=step.text, response_metadata=metadata)
    block = {"type": "text", "text": step.text, "index": 1}
    return AIMessageChunk(content=[block], response_metadata=metadata)


def _thought(text: str) -> dict[str, Any]:
    return {"type": "reasoning", "reasoning": text}


def _logprobs(steps: list[Step]) -> dict[str, Any]:
    return {"logprobs": {"content": [logprob_of(step) for step in steps]}}


def _tool_chunk(step: Step, name: str | None, args: str) -> AIMessageChunk:
    fragment: dict[str, Any] = {
        "name": name,
        "args": args,
        "id": step.tool_id if name else None,
        "index": step.index,
        "type": "tool_call_chunk",
    }
    return AIMessageChunk(content="", tool_call_chunks=[fragment])  # type: ignore[list-item]  # a TypedDict by hand


def _ending(step: Step, call: Call) -> dict[str, Any]:
    return {"finish_reason": step.text, "model_name": call.request.model}


def _usage(step: Step) -> Any:
    taken, given, thought = step.usage
    counted: dict[str, Any] = {
        "input_tokens": taken,
        "output_tokens": given,
        "total_tokens": taken + given,
    }
    if thought:
        counted["output_token_details"] = {"reasoning": thought}
    return counted


def whole(steps: list[Step], reply: Reply, call: Call) -> ChatResult:
    """The answer in one piece, as a call without streaming gets it."""
    if steps[-1].kind == "cut":  # without streaming, half a body is no JSON: it shows
        raise ModelConnectionError("The answer's body ended before its end.")
    for step in steps:
        chunk_of(step, reply, call)
    by_kind = {step.kind: step for step in steps}
    message = AIMessage(
        content=_content(steps),
        additional_kwargs=_refusal(steps),
        response_metadata=_ending(by_kind["finish"], call) | _likely(steps, reply),
        usage_metadata=_usage(by_kind["usage"]),
        **_tool_calls(steps),
    )
    return ChatResult(generations=[ChatGeneration(message=message)])


def _content(steps: list[Step]) -> Any:
    thoughts, text = _joined(steps, "reason"), _joined(steps, "text")
    if not thoughts:
        return text
    spoken = [{"type": "text", "text": text}] if text else []
    return [_thought(thoughts), *spoken]


def _joined(steps: list[Step], kind: str) -> str:
    return "".join(step.text for step in steps if step.kind == kind)


def _refusal(steps: list[Step]) -> dict[str, Any]:
    refused = _joined(steps, "refusal")
    return {"refusal": refused} if refused else {}


def _likely(steps: list[Step], reply: Reply) -> dict[str, Any]:
    said = [step for step in steps if step.kind == "text"]
    return _logprobs(said) if reply.logprobs is not None else {}


def _tool_calls(steps: list[Step]) -> dict[str, Any]:
    """Tool calls, parsed strictly: half an argument is an invalid call."""
    good: list[dict[str, Any]] = []
    bad: list[dict[str, Any]] = []
    for call in (step for step in steps if step.kind == "tool"):
        mine = [s.text for s in steps if s.kind == "args" and s.index == call.index]
        named = {"name": call.text, "id": call.tool_id}
        try:
            good.append({**named, "args": json.loads("".join(mine))})
        except json.JSONDecodeError as error:
            bad.append({**named, "args": "".join(mine), "error": str(error)})
    return {"tool_calls": good, "invalid_tool_calls": bad}
