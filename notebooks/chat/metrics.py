"""What Prometheus is told, by OpenTelemetry's names for generative AI.

The names, their labels and buckets are those of its semantic conventions for clients of
a model, with a bucket more at the 50 ms that is promised here. No label holds an id, a
question or a user.
"""

import json
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

from chat import traces
from course_utils.serving import LEFT, Event

log = logging.getLogger("chat")
# They would double the page. It is the one function there without types.
disable_created_metrics()  # type: ignore[no-untyped-call]

TIMES = sorted([*(0.01 * 2**n for n in range(14)), 0.05])
TOKENS = [4**n for n in range(14)]
OPERATION, PROVIDER = "gen_ai_operation_name", "gen_ai_provider_name"
MODEL = "gen_ai_request_model"
LABELS = [OPERATION, PROVIDER, MODEL]
# The conventions' own words for providers, where LangChain has others.
PROVIDERS = {
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "ibm": "ibm.watsonx.ai",
    "mistralai": "mistral_ai",
    "xai": "x_ai",
}


def labels_of(model: str) -> tuple[str, str, str]:
    """Operation, provider and model of a setting such as `openai:gpt-5-mini`.

    >>> labels_of("openai:gpt-5-mini")
    ('chat', 'openai', 'gpt-5-mini')
    >>> labels_of("google_genai:gemini-3-pro")[1], labels_of("fake")[1]
    ('gcp.gemini', 'fake')
    """
    provider, _, name = model.rpartition(":")
    return "chat", PROVIDERS.get(provider, provider) or model, name


class Metrics:
    """The counters of one process."""

    def __init__(self, model: str) -> None:
        self.registry = CollectorRegistry()
        self.labels = labels_of(model)
        name = "gen_ai_client_operation"
        self.first = self._times(f"{name}_time_to_first_chunk", "Until the first text")
        self.gap = self._times(f"{name}_time_per_output_chunk", "From text to text")
        self.whole = self._times(f"{name}_duration", "Until the end", "error_type")
        self.tokens = Histogram(
            "gen_ai_client_token_usage",
            "Tokens that were billed",
            [*LABELS, "gen_ai_token_type"],
            buckets=TOKENS,
            registry=self.registry,
        )
        self.open = Gauge("chat_streams_open", "Answers now", registry=self.registry)
        self.ended = Counter(
            "chat_streams_ended_total",
            "Answers by their end: done, stopped, left, paused, cut, or an error",
            ["end"],
            registry=self.registry,
        )

        self.answers = Counter(
            "chat_cache_answers_total",
            "Answers by who gave them: the model or the cache",
            ["answered_by"],
            registry=self.registry,
        )

    def watch_redis(self, away: Callable[[], float]) -> None:
        """Tell, whenever it is asked, whether Redis is away."""
        what = "1 while Redis does not answer: answers go on, and stay here"
        Gauge("chat_redis_away", what, registry=self.registry).set_function(away)

    def answered(self, kept: bool) -> None:
        """Count a model's answer, or one that was kept."""
        self.answers.labels("cache" if kept else "model").inc()

    def _times(self, name: str, what: str, *labels: str) -> Histogram:
        return Histogram(
            f"{name}_seconds",
            what,
            [*LABELS, *labels],
            buckets=TIMES,
            registry=self.registry,
        )


class Watched:
    """One answer as the metrics see it: hand it its events, and tell it the last."""

    def __init__(self, metrics: Metrics, name: str) -> None:
        self._metrics = metrics
        self._name = name[:6]  # the whole name opens the answer
        self._gap = metrics.gap.labels(*metrics.labels)
        self._began = self._last = time.perf_counter()
        self._first: float | None = None
        self._span = traces.begin(*metrics.labels)
        metrics.open.inc()

    async def events(
        self, events: AsyncGenerator[Event, None]
    ) -> AsyncGenerator[Event, None]:
        """The same events, each seen as it passes."""
        async with aclosing(events):
            async for event in events:
                if event.event == "text":
                    self._text(time.perf_counter())
                yield event

    def _text(self, now: float) -> None:
        if self._first is None:
            self._first = now - self._began
            self._metrics.first.labels(*self._metrics.labels).observe(self._first)
        else:
            self._gap.observe(now - self._last)
        self._last = now

    def ended(self, last: Event) -> None:
        """Count how it ended, and write one line that quotes nothing."""
        told = json.loads(last.data)
        end = end_of(last, told)
        seconds = time.perf_counter() - self._began
        metrics = self._metrics
        metrics.open.dec()
        metrics.ended.labels(end).inc()
        error = end if last.event == "error" else ""
        metrics.whole.labels(*metrics.labels, error).observe(seconds)
        traces.end(self._span, told, self._first, error)
        usage = told.get("usage") or {}
        for kind in ("input", "output"):
            if tokens := usage.get(f"{kind}_tokens"):
                metrics.tokens.labels(*metrics.labels, kind).observe(tokens)
        log.info(
            "answer %s: %s, finish reason %s, first text %s s, whole %.3f s, usage %s",
            self._name,
            end,
            told.get("finish_reason"),
            None if self._first is None else round(self._first, 3),
            seconds,
            usage.get("total_tokens"),
        )


def end_of(last: Event, told: dict[str, Any]) -> str:
    """One word for how an answer ended."""
    if last.event == "error":
        return str(told["type"])
    return "left" if last.data == LEFT.data else last.event
