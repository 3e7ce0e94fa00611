"""One span for each answer, by OpenTelemetry's names for generative AI.

Where no OpenTelemetry SDK is set up, a span is nothing and goes nowhere. A chunk is
neither a span nor an event of one: its time is in the histograms.
"""

from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

tracer = trace.get_tracer("chat")


def begin(operation: str, provider: str, model: str) -> Span:
    """The span of an answer that begins; what is traced already is around it."""
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model,
        "gen_ai.request.stream": True,
    }
    name = f"{operation} {model}"
    return tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)


def end(span: Span, told: dict[str, Any], first: float | None, error: str) -> None:
    """The answer has ended, and its last event told this; never what it said.

    Args:
        span: The answer's.
        told: The fields of its last event.
        first: Seconds until the first text; None if there was none.
        error: The kind of error with which it ended, or nothing.
    """
    usage = told.get("usage") or {}
    reason = told.get("finish_reason")
    found = {
        "gen_ai.response.time_to_first_chunk": first,
        "gen_ai.response.finish_reasons": [reason] if reason else None,
        "gen_ai.usage.input_tokens": usage.get("input_tokens"),
        "gen_ai.usage.output_tokens": usage.get("output_tokens"),
        "error.type": error or None,
    }
    span.set_attributes({k: v for k, v in found.items() if v is not None})
    if error:
        span.set_status(Status(StatusCode.ERROR))
    span.end()
