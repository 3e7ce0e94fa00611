"""Each answer is one span, under the conventions' names, and says nothing of it."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chat import traces
from course_utils.fake import Reply
from tests.chat.site import TEXT, site

SECRET = "sk-hunter2"


@pytest.fixture
def spans(monkeypatch):
    """A function that gives the spans that have ended."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(traces, "tracer", provider.get_tracer("test"))
    return exporter.get_finished_spans


@pytest.mark.parametrize(
    ("reply", "reasons", "error"),
    [
        (TEXT, ("stop",), None),
        (Reply(TEXT, finish_reason="length"), ("length",), None),
        (Reply(TEXT, cut_after=2), None, None),
        (Reply(TEXT, drop_after=2), None, "ModelConnectionError"),
        (Reply(status=429), None, "ModelRateLimitError"),
    ],
)
async def test_an_answer_is_one_span(spans, reply, reasons, error):
    async with site(reply) as client:
        response = await client.post("/chat", json={"text": "Hi"})
        if location := response.headers.get("location"):
            await client.get(f"/{location}")
    (span,) = spans()
    told = dict(span.attributes)
    assert (span.name, span.kind.name) == ("chat fake", "CLIENT")
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.provider.name"] == told["gen_ai.request.model"] == "fake"
    assert told.get("gen_ai.response.finish_reasons") == reasons
    assert told.get("error.type") == error
    assert span.status.is_ok is (error is None)
    spoke = "gen_ai.response.time_to_first_chunk" in told
    assert spoke is (response.status_code == 200)
    if reasons == ("stop",):
        assert told["gen_ai.usage.input_tokens"] > 0
        assert told["gen_ai.usage.output_tokens"] > 0


async def test_no_span_holds_a_question_an_answer_or_a_whole_name(spans):
    async with site(f"One {SECRET} two.") as client:
        response = await client.post("/chat", json={"text": f"My key is {SECRET}"})
    (span,) = spans()
    for part in (SECRET, response.headers["location"][5:]):
        assert part not in span.to_json()
