"""What arrived in every run of a model, also when its end is never told.

A cancelled call may report neither an end nor an error, and a stopped stream reports
no usage. The recorder notes each token as it comes, so nothing depends on the end.

    with PartialRecorder() as recorder: agent.invoke(..., {"callbacks": [recorder]})
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessageChunk

from course_utils.chunks import text_of
from course_utils.clock import Clock, course_clock
from course_utils.finish import Finish, finish_of
from course_utils.passages import Passage, Reader
from course_utils.settings import settings
from course_utils.streams import STOPS
from course_utils.tokens import pieces

Outcome = Literal["running", "finished", "cut", "stopped", "failed", "unreported"]
KINDS = ("input_tokens", "output_tokens", "total_tokens")


@dataclass
class RunRecord:
    """What is known of one run of a model. Times are seconds since it started.

    Attributes:
        run_id: LangChain's id of the run.
        text: All text that arrived; after a restart, what came since.
        reasoning: What the model thought aloud; no part of the text.
        arrivals: When each token with text came.
        finish: Why the answer ended and what that means; None if the model did not say.
        usage: `input_tokens`, `output_tokens`, `total_tokens`: as the model told, else
            estimated from the prompt and from what arrived.
        usage_estimated: Whether `usage` is an estimate, counted in word pieces.
        outcome: `running`; `finished`; `cut`, which ended without a finish reason or
            with one that does not mean whole; `stopped` by the reader; `failed`; or
            `unreported`, when the recorder was closed before anybody told.
        error: What broke the run, or stopped it; None if nothing did.
    """

    run_id: UUID = field(repr=False)
    text: str = ""
    reasoning: str = ""
    arrivals: list[float] = field(default_factory=list, repr=False)
    finish: Finish | None = None
    outcome: Outcome = "running"
    error: BaseException | None = None
    parent_run_id: UUID | None = field(default=None, repr=False)
    prompt_tokens: int = field(default=0, repr=False)
    started: float = field(default=0.0, repr=False)
    reported_usage: dict[str, int] | None = field(default=None, repr=False)
    reader: Reader = field(default_factory=Reader, repr=False)
    source: Literal["", "tokens", "events"] = field(default="", repr=False)
    reopened: bool = field(default=False, repr=False)  # it went on after its finish

    @property
    def finish_reason(self) -> str | None:
        """The model's own word for its end; None if it did not say."""
        return None if self.finish is None else self.finish.reason

    @property
    def time_to_first_token(self) -> float | None:
        """Seconds until the first text; None while there is none."""
        return self.arrivals[0] if self.arrivals else None

    @property
    def usage_estimated(self) -> bool:
        return self.reported_usage is None

    @property
    def usage(self) -> dict[str, int]:
        if self.reported_usage is not None:
            return dict(self.reported_usage)
        given = len(pieces(self.text))
        counts = (self.prompt_tokens, given, self.prompt_tokens + given)
        return dict(zip(KINDS, counts, strict=True))

    def hear(self, passage: Passage, at: float | None) -> None:
        """Note what one token said, `at` seconds after the start, if it came live."""
        kind = passage.kind
        if kind in ("text", "reasoning") and self.finish is not None:
            self.finish, self.reopened = None, True
        if kind == "text":
            self.text += passage.text
            if at is not None:
                self.arrivals.append(at)
        elif kind == "reasoning":
            self.reasoning += passage.text
        elif kind == "restart":
            self.text = self.reasoning = ""
        elif kind == "usage":
            self.reported_usage = counts(passage.value)
        elif kind == "finish":
            self.finish = passage.value


def counts(usage: Any) -> dict[str, int]:
    """The three counts in what a model told."""
    return {kind: usage.get(kind) or 0 for kind in KINDS}


@settings()
class PartialRecorder(BaseCallbackHandler):
    """A handler that keeps the text, times, finish and usage of every run.

    One recorder may watch many runs at a time: `runs` has them by LangChain's run id,
    in the order they started; `last` is the newest. Use it in a `with` block, or
    `close` it when you have stopped reading: runs that nobody reported are settled.
    One that lives long keeps all runs; take them out with `runs.pop(run_id)`.

    >>> from course_utils.fake.model import FakeStreamingChatModel
    >>> from course_utils.fake.reply import Reply
    >>> model = FakeStreamingChatModel(replies=Reply("One two three.", cut_after=2))
    >>> with PartialRecorder() as recorder:
    ...     for chunk in model.stream("Count", config={"callbacks": [recorder]}):
    ...         pass
    >>> recorder.last.text, recorder.last.outcome
    ('One two', 'cut')
    """

    run_inline = True  # the times are those of the stream, not of another thread

    def __init__(self, clock: Clock = course_clock) -> None:
        self.runs: dict[UUID, RunRecord] = {}
        self._clock = clock

    @property
    def last(self) -> RunRecord:
        """The run that started last.

        Raises:
            LookupError: No run has started.
        """
        if not self.runs:
            raise LookupError(
                "No run is recorded, the recorder was told of none: pass it on, "
                'model.stream("Hi", config={"callbacks": [recorder]}).'
            )
        return next(reversed(self.runs.values()))

    def __enter__(self) -> "PartialRecorder":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        count = len(self.runs)
        return f"PartialRecorder({count} run{'' if count == 1 else 's'})"

    def close(self, run_id: UUID | None = None) -> None:
        """Settle one run, or all: who still runs is `unreported` from now on."""
        for run in [self.runs[run_id]] if run_id else list(self.runs.values()):
            self._settle(run, "unreported")

    # What LangChain calls.

    def on_chat_model_start(
        self, serialized: Any, messages: Any, *, run_id: UUID, **kwargs: Any
    ) -> None:
        prompts = (text_of(message) for batch in messages for message in batch)
        self._start(run_id, kwargs.get("parent_run_id"), prompts)

    def on_llm_start(
        self, serialized: Any, prompts: Any, *, run_id: UUID, **kwargs: Any
    ) -> None:
        self._start(run_id, kwargs.get("parent_run_id"), prompts)

    def on_llm_new_token(
        self, token: Any, *, chunk: Any = None, run_id: UUID, **kwargs: Any
    ) -> None:
        if run := self.runs.get(run_id):
            run.source = "tokens"
            if chunk is None and isinstance(token, list):
                chunk = AIMessageChunk(content=token)
            self._hear(run, token if chunk is None else chunk)

    def on_stream_event(self, event: Any, *, run_id: UUID, **kwargs: Any) -> None:
        # The events of v3 follow the tokens, where a model tells both.
        if (run := self.runs.get(run_id)) and run.source != "tokens":
            run.source = "events"
            self._hear(run, event)

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        if run := self.runs.get(run_id):
            self._read_end(run, response)
            whole = run.finish is not None and run.finish.whole
            whole = whole and not run.reader.endings.unended  # half a call may follow
            self._settle(run, "finished" if whole else "cut")

    def on_llm_error(self, error: Any, *, run_id: UUID, **kwargs: Any) -> None:
        if run := self.runs.get(run_id):
            self._fail(run, error)

    def on_chain_error(self, error: Any, *, run_id: UUID, **kwargs: Any) -> None:
        # A cancelled agent tells of its chains, not of the model that ran in them.
        for run in list(self.runs.values()):
            if run.parent_run_id == run_id:
                self._fail(run, error)

    # The notes.

    def _start(self, run_id: UUID, parent: UUID | None, prompts: Iterable[str]) -> None:
        self.runs[run_id] = RunRecord(
            run_id,
            parent_run_id=parent,
            prompt_tokens=sum(len(pieces(prompt)) for prompt in prompts),
            started=self._clock.now(),
        )

    def _hear(self, run: RunRecord, item: Any) -> None:
        at = self._clock.now() - run.started
        for passage in run.reader.read(item):
            run.hear(passage, at)

    def _read_end(self, run: RunRecord, response: Any) -> None:
        """A run without a stream tells everything at its end."""
        for answer in [answer for row in response.generations for answer in row][:1]:
            if not run.source:
                for passage in run.reader.read(answer):
                    run.hear(passage, None)
            if run.finish is None and not run.reopened:
                run.finish = finish_of(answer)
            usage = getattr(getattr(answer, "message", None), "usage_metadata", None)
            if usage and run.reported_usage is None:
                run.reported_usage = counts(usage)
        output = getattr(response, "llm_output", None) or {}
        if run.reported_usage is None and (totals := output.get("token_usage")):
            names = ("prompt_tokens", "completion_tokens", "total_tokens")
            run.reported_usage = {
                kind: totals.get(name, 0)
                for kind, name in zip(KINDS, names, strict=True)
            }

    def _fail(self, run: RunRecord, error: BaseException) -> None:
        if run.outcome == "running":
            run.error = error
            self._settle(run, "stopped" if isinstance(error, STOPS) else "failed")

    def _settle(self, run: RunRecord, outcome: Outcome) -> None:
        if run.outcome == "running":
            run.outcome = outcome
