"""A chat model that survives its stream: it retries, falls back, goes on, gives up.

It stands around a chat model and is one itself, so chains, events and agents get it
unchanged. `recovery` decides; the players here only ask, wait and pass chunks on.

    model = reliable(ChatOpenAI(max_retries=0), fallbacks=[backup])
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from pydantic import Field, PrivateAttr

from course_utils.clock import Clock, course_clock
from course_utils.model_call import AsyncChunks, Chunks, Request, call
from course_utils.own_stream.off_loop import acall_off_loop
from course_utils.reliability.deadlines import Deadlines, Timer
from course_utils.reliability.policy import AfterFirstToken, Attempt, Policy
from course_utils.reliability.recovery import Recovery
from course_utils.reliability.timeouts import awithin, within
from course_utils.settings import settings
from course_utils.wrapped_model.chains import in_place_of, options_in
from course_utils.wrapped_model.model import Reader, WrappedChatModel


@settings(
    first_token="first_token_timeout",
    between_tokens="between_tokens_timeout",
    total="total_timeout",
)
def reliable(
    model: BaseChatModel,
    fallbacks: Sequence[BaseChatModel] = (),
    *,
    attempts: int = 3,
    wait_initial: float = 0.5,
    wait_max: float = 8.0,
    after_first_token: AfterFirstToken = "raise",
    require_finish: bool = True,
    first_token_timeout: float | None = None,
    thinking_timeout: float | None = None,
    between_tokens_timeout: float | None = None,
    total_timeout: float | None = None,
    clock: Clock = course_clock,
) -> "ReliableChatModel":
    """The same chat model, whose streams end whole or with an error that says so.

    Until the first visible token a failure stays unseen: the request is made again,
    then made to the fallbacks. All times are seconds.

    >>> from course_utils.fake import FakeStreamingChatModel, Reply
    >>> replies = [Reply("Nice to meet you.", cut_after=2), " meet you."]
    >>> model = FakeStreamingChatModel(replies=replies)
    >>> stream = reliable(model, after_first_token="continue").stream("Hi")
    >>> "".join(chunk.text for chunk in stream)
    'Nice to meet you.'

    Args:
        model: Whom to ask. Its own retries belong off (`max_retries=0`), or they
            multiply with these.
        fallbacks: Whom to ask when the model gives up.
        attempts: Requests to each model, at most.
        wait_initial: The first wait is drawn from 0 to this; later ones from twice as
            much each time. A server's `Retry-After` is obeyed instead.
        wait_max: Waits are drawn from no more than this; a server that asks for more
            gives way to the next fallback, if there is one.
        after_first_token: What to do when text was shown already. `raise` the error,
            with the text as its `partial`. `continue`: ask for the rest, in the same
            message. `restart`: begin anew, announced by an empty chunk with
            `response_metadata["restart"]` and a new message id. `full`: ask for a
            full response and send its rest, or restart with it if it differs.
        require_finish: Whether an answer without a finish reason is truncated. Pass
            False for an endpoint that never sends one.
        first_token_timeout: Time for the first sign of life of each attempt: text, a
            thought or a tool call. A client that drops thoughts (ChatOpenAI on chat
            completions) sends empty chunks instead, which do not count, so allow the
            time that the model may think.
        thinking_timeout: Time from the first thought to the first word or tool call.
            The thoughts were seen by then: what follows is `after_first_token`'s say.
        between_tokens_timeout: Time for each later token, thoughts included. Comments
            and empty chunks do not count.
        total_timeout: Time for everything, waits and attempts included.
        clock: What waits and measures.

    Errors are all `ModelError`s, each with `partial`, the message as far as it came:
    `StreamTruncated`, `StreamTimeout`, the provider's own, or `StreamBroken` with the
    cause. A server that stops by itself (`error`) has broken the stream, too. An answer
    that ended early for a reason (`length`, `content_filter`) is no error:
    `response_metadata["incomplete"]` says why; `unknown: ...` is a reason that
    `finish` does not know. Tool calls come when they are whole, and what follows them
    after them; half of one comes as an invalid call. Usage is that of the last request.

    `restart` and `full` need a reader that sees chunks: before a parser use `raise` or
    `continue`, and in protocol events (v3) they raise. With `invoke` nobody has seen
    anything, so every failure is retried; with a timeout for tokens it listens to the
    stream.
    """
    model, *others = [_checked(one) for one in (model, *_listed(fallbacks))]
    return ReliableChatModel(
        inner=model,
        fallbacks=others,
        policy=Policy(
            attempts, wait_initial, wait_max, after_first_token, require_finish
        ),
        deadlines=Deadlines(
            first_token_timeout, thinking_timeout, between_tokens_timeout, total_timeout
        ),
        clock=clock,
    )


def _checked(model: Any) -> BaseChatModel:
    if isinstance(model, BaseChatModel):
        return model
    raise TypeError(
        f"reliable() stands around a chat model, got {type(model).__name__}: "
        "write reliable(ChatOpenAI(...)), and bind tools or add stages after it."
    )


def _listed(fallbacks: Any) -> Sequence[Any]:
    if isinstance(fallbacks, Sequence):
        return fallbacks
    raise TypeError(
        f"fallbacks is a list of chat models, got {type(fallbacks).__name__}: "
        "write fallbacks=[backup]."
    )


class ReliableChatModel(WrappedChatModel):
    """What `reliable` returns: a chat model around a model and its fallbacks."""

    fallbacks: list[BaseChatModel] = Field(default=[])
    policy: Policy = Policy()
    deadlines: Deadlines = Deadlines()
    clock: Clock = Field(default=course_clock, exclude=True, repr=False)
    _draw: random.Random = PrivateAttr(default_factory=random.Random)

    @property
    def models(self) -> list[BaseChatModel]:
        """Whom to ask, in this order."""
        return [self.inner, *self.fallbacks]

    @property
    def _llm_type(self) -> str:
        return "reliable"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"models": [dict(model._identifying_params) for model in self.models]}

    def _get_invocation_params(
        self, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        params = super()._get_invocation_params(stop, **_without(_OURS, kwargs))
        return {**params, **self._identifying_params}

    def _get_llm_string(self, stop: list[str] | None = None, **kwargs: Any) -> str:
        answerers = [model._get_llm_string(stop, **kwargs) for model in self.models]
        return "\n".join([self._llm_type, *answerers])

    def with_structured_output(self, schema: Any = None, **kwargs: Any) -> Any:
        """This model, with its answers parsed into `schema` by any method it knows.

        Raises:
            ValueError: A fallback answers in a form that this one's parser cannot read.
        """
        plain = {**kwargs, "include_raw": False}
        chains = [one.with_structured_output(schema, **plain) for one in self.models]
        if len({type(getattr(chain, "last", chain)) for chain in chains}) > 1:
            names = ", ".join(type(model).__name__ for model in self.models)
            raise ValueError(
                f"Structured output comes in different forms from {names}: use "
                'method="function_calling", or give each its own, '
                "one.with_structured_output(S).with_fallbacks([other...])."
            )
        return super().with_structured_output(schema, **kwargs)

    def _in_place(self, make: Callable[[BaseChatModel], Any]) -> Any:
        """What the first model makes of itself, bound to all models' own options."""
        chain = make(self.inner)
        options = options_in(chain, self.inner)
        others = [options_in(make(model), model) for model in self.fallbacks]
        if any(other != options for other in others):
            instead = [(list(options), other) for other in others]
            options = {**options, "fallback_options": instead}
        return in_place_of(chain, self.inner, self, options)

    # The players: ask, wait, pass on

    def _answer(self, request: Request, reader: Reader) -> Chunks:
        recovery = self._recovery(request, reader)
        timer = Timer(self.deadlines, self.clock)
        attempt: Attempt | None = recovery.attempt
        while attempt is not None:
            self.clock.sleep(attempt.wait)
            timer.begin()
            model, own_request = self._request(attempt, request)
            source = within(call(model, own_request), timer)
            try:
                for chunk in source:
                    yield from recovery.push(chunk)
                yield from recovery.end()
                return
            except Exception as error:
                attempt = recovery.failed(error, timer.total_left)
            finally:
                source.close()

    async def _aanswer(self, request: Request, reader: Reader) -> AsyncChunks:
        recovery = self._recovery(request, reader)
        timer = Timer(self.deadlines, self.clock)
        attempt: Attempt | None = recovery.attempt
        while attempt is not None:
            await self.clock.asleep(attempt.wait)
            timer.begin()
            model, own_request = self._request(attempt, request)
            source = awithin(acall_off_loop(model, own_request), timer)
            try:
                async for chunk in source:
                    for ready in recovery.push(chunk):
                        yield ready
                for ready in recovery.end():
                    yield ready
                return
            except Exception as error:
                attempt = recovery.failed(error, timer.total_left)
            finally:
                await source.aclose()

    def _recovery(self, request: Request, reader: Reader) -> Recovery:
        whole = request.whole and not self.deadlines.for_tokens
        first = Attempt(request.messages, whole=whole)
        return Recovery(self.policy, first, len(self.models), self._draw, reader)

    def _request(
        self, attempt: Attempt, request: Request
    ) -> tuple[BaseChatModel, Request]:
        """The model to ask, with the options that are meant for it."""
        options = _without(_OURS, request.options)
        others = request.options.get("fallback_options")
        if attempt.model and others:
            instead_of, theirs = others[attempt.model - 1]
            options = {**_without(instead_of, options), **theirs}
        own_request = Request(attempt.messages, request.stop, options, attempt.whole)
        return self.models[attempt.model], own_request


_OURS = ("fallback_options",)


def _without(names: Sequence[str], options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}
