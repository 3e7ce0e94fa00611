"""A chat model around a chat model: what every such wrapper needs, once.

LangChain asks a chat model for a dozen things; only two of them are the answer. A
wrapper says what becomes of the answer, sync and async. All else is here: it is the
inner model's own, with the wrapper in its place.

    class Polite(WrappedChatModel):
        def _answer(self, request, reader): yield from call(self.inner, request)
"""

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, cast

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
)
from langchain_core.exceptions import ModelConnectionError
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.runnables.configurable import RunnableConfigurableFields
from langchain_core.tools import BaseTool
from pydantic import ConfigDict, model_validator

from course_utils.chunks import is_restart, text_of
from course_utils.model_call import (
    AsyncChunks,
    Chunks,
    FirstChunk,
    Request,
    WholeResponse,
    result_of,
)
from course_utils.wrapped_model.chains import in_place_of, options_in
from course_utils.wrapped_model.fields import changed, described, field_of, set_fields

# Who sees the chunks at once: a reader of `chunks`, who understands a restart; of
# protocol `events` (v3), who cannot be told of one; or `nobody`, before the end.
Reader = Literal["chunks", "events", "nobody"]


class WrappedChatModel(BaseChatModel):
    """A chat model around a chat model; `_answer` and `_aanswer` make the difference.

    Any field of the inner model may be given, too: it is set there.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    inner: BaseChatModel
    # What callers of a model rely on: the wrapper has it as the inner model has.
    inherited: ClassVar[tuple[str, ...]] = (
        *("cache", "callbacks", "custom_get_token_ids", "disable_streaming"),
        *("metadata", "output_version", "profile", "tags", "verbose"),
    )

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield None, self.inner
        yield from set_fields(self, WrappedChatModel)

    # What a wrapper is for

    @abstractmethod
    def _answer(self, request: Request, reader: Reader) -> Chunks:
        """The chunks of the answer to this request."""

    @abstractmethod
    def _aanswer(self, request: Request, reader: Reader) -> AsyncChunks:
        """The chunks of the answer to this request."""

    # The answer, in the four ways in which LangChain asks for it. Only protocol events
    # pass a run manager to a stream; in all other cases LangChain tells the handlers.

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        sent = Sent("events" if run_manager else "chunks")
        with closing(self._answer(Request(messages, stop, kwargs), sent.to)) as chunks:
            for chunk in map(sent.next, chunks):
                if run_manager is not None:
                    run_manager.on_llm_new_token(text_of(chunk), chunk=chunk)
                yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        sent = Sent("events" if run_manager else "chunks")
        answer = self._aanswer(Request(messages, stop, kwargs), sent.to)
        async with aclosing(answer) as chunks:
            async for chunk in chunks:
                chunk = sent.next(chunk)
                if run_manager is not None:
                    await run_manager.on_llm_new_token(text_of(chunk), chunk=chunk)
                yield chunk

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        request = Request(messages, stop, kwargs, whole=True)
        with closing(self._answer(request, "nobody")) as chunks:
            return result_of(list(chunks))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        request = Request(messages, stop, kwargs, whole=True)
        async with aclosing(self._aanswer(request, "nobody")) as chunks:
            return result_of([chunk async for chunk in chunks])

    def _should_stream(self, **how: Any) -> bool:
        return self.inner._should_stream(**how)

    def _should_use_protocol_streaming(self, **how: Any) -> bool:
        return self.inner._should_use_protocol_streaming(**how)

    def _combine_llm_outputs(self, llm_outputs: list[Any]) -> dict[str, Any]:
        return self.inner._combine_llm_outputs([one for one in llm_outputs if one])

    # Tools and structured output: as the inner model asks for them

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """A copy of this model that may call these tools."""
        chain = self._in_place(lambda model: model.bind_tools(tools, **kwargs))
        return cast("Runnable[LanguageModelInput, AIMessage]", chain)

    def with_structured_output(self, schema: Any = None, **kwargs: Any) -> Any:
        """This model, with its answers parsed into `schema` by any method it knows."""
        return self._in_place(
            lambda model: model.with_structured_output(schema, **kwargs)
        )

    def _in_place(self, make: Callable[[BaseChatModel], Runnable[Any, Any]]) -> Any:
        """What the inner model makes of itself, with this model in its place."""
        chain = make(self.inner)
        options = options_in(chain, self.inner)
        return in_place_of(chain, self.inner, self, options)

    # Tokens are counted as the inner model counts them

    def get_token_ids(self, text: str) -> list[int]:
        """The ids of the tokens in `text`."""
        return self.inner.get_token_ids(text)

    def get_num_tokens(self, text: str) -> int:
        """How many tokens `text` has."""
        return self.inner.get_num_tokens(text)

    def get_num_tokens_from_messages(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> int:
        """How many tokens these messages have."""
        return self.inner.get_num_tokens_from_messages(messages, *args, **kwargs)

    # Who it is: for traces, for LangChain's own caches, for whoever asks its name

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return self.inner._identifying_params

    def _get_invocation_params(
        self, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        return self.inner._get_invocation_params(stop=stop, **kwargs)

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        return self.inner._get_ls_params(stop=stop, **kwargs)

    def _get_llm_string(self, stop: list[str] | None = None, **kwargs: Any) -> str:
        return f"{self._llm_type} {self.inner._get_llm_string(stop=stop, **kwargs)}"

    if not TYPE_CHECKING:  # a type checker shall still find misspelt names

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_") or "inner" not in self.__dict__:
                return super().__getattr__(name)
            return getattr(self.inner, name)

    # Made, copied, configured, kept

    @model_validator(mode="before")
    @classmethod
    def _take_over(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Pass on what the inner model has a field for; inherit what callers need."""
        inner = values.get("inner")
        if not isinstance(inner, BaseChatModel):
            return values
        others = [name for name in values if name not in cls.model_fields]
        theirs = {name: values[name] for name in others if field_of(inner, name)}
        inner = changed(inner, theirs)
        inherited = {name: getattr(inner, name) for name in cls.inherited}
        return {**inherited, **values, "inner": inner}

    def model_copy(
        self, *, update: Mapping[str, Any] | None = None, deep: bool = False
    ) -> Self:
        """The same model with these changes, made anew from its fields."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        for name in self.inherited:
            if fields[name] == getattr(self.inner, name):  # again, from the new inner
                del fields[name]
        return type(self)(
            **{**(deepcopy(fields) if deep else fields), **(update or {})}
        )

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self.model_copy(deep=True)

    def __getstate__(self) -> dict[Any, Any]:
        return {**super().__getstate__(), "__pydantic_private__": None}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        super().__setstate__(state)
        self.model_post_init(None)  # what is private is made anew

    def configurable_fields(self, **fields: Any) -> Any:
        """This model with fields, its own or the inner model's, set at run time."""
        specs = {name: described(self, name, spec) for name, spec in fields.items()}
        return RunnableConfigurableFields(default=self, fields=specs)


class Sent:
    """What was sent to one reader: the sum of it, as LangChain makes it, stays true."""

    def __init__(self, reader: Reader) -> None:
        self.to = reader
        self._visible = False
        self._begun = False

    def next(self, chunk: ChatGenerationChunk) -> ChatGenerationChunk:
        """The next chunk, as the reader gets it."""
        if self.to == "events":
            self._check(chunk)
        if self._begun or isinstance(chunk, WholeResponse):
            return chunk
        self._begun = True
        return FirstChunk(message=chunk.message, generation_info=chunk.generation_info)

    def _check(self, chunk: ChatGenerationChunk) -> None:
        if self._visible and is_restart(chunk):
            raise ModelConnectionError(
                "The answer began anew, and protocol events (v3) cannot take back what "
                "was shown: ask again."
            )
        self._visible = self._visible or bool(text_of(chunk))
