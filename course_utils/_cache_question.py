"""A question to a model: asking it, and telling whether it was asked before.

Whatever changes the answer is part of the key. How the request travels is not, nor is
what earlier answers in the conversation cost.

    prompt, llm_string = question.key(model)
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.load import dumps
from langchain_core.messages import AIMessage, BaseMessage

from course_utils.model_call import Request

# Parameters of the journey, in the spelling of the common integrations.
TRANSPORT = {
    *("timeout", "request_timeout", "default_request_timeout"),
    *("max_retries", "num_retries", "rate_limiter", "stream_chunk_timeout"),
    *("stream", "streaming", "stream_usage", "stream_options", "disable_streaming"),
    *("http_client", "http_async_client", "openai_proxy"),
    *("api_key", "openai_api_key", "anthropic_api_key"),
}

# Where edition 1 had these models: what is kept under their names is still found.
FIRST_HOMES = {
    "course_utils.cache.model": "course_utils.cache",
    "course_utils.fake.model": "course_utils.fake_model",
    "course_utils.reliability.model": "course_utils.reliability",
}


@dataclass(frozen=True)
class Question(Request):
    """A request, and the key under which its answer is kept."""

    def key(self, model: BaseChatModel) -> tuple[str, str]:
        """The prompt and the model, as LangChain's `BaseCache` wants them."""
        prompt = dumps([_asked(message) for message in self.messages])
        answered = [_description(model), _lasting(self.options), self.stop]
        return prompt, json.dumps(answered, sort_keys=True, default=_plain)


def _asked(message: BaseMessage) -> BaseMessage:
    """The message without what tells only how it came to be."""
    told: dict[str, Any] = {"id": None, "response_metadata": {}}
    if isinstance(message, AIMessage):
        told["usage_metadata"] = None
    return message.model_copy(update=told)


def _description(model: BaseChatModel) -> list[Any]:
    home = type(model).__module__
    kind = f"{FIRST_HOMES.get(home, home)}.{type(model).__qualname__}"
    if not model.is_lc_serializable():
        return [kind, _lasting(model._get_invocation_params())]
    described, _, _ = model._get_llm_string().rpartition("---")
    return [kind, _lasting(json.loads(described).get("kwargs", {}))]


def _lasting(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name not in TRANSPORT}


def _plain(value: Any) -> Any:
    """A value that JSON does not know; of a class its fields count, not its name."""
    if hasattr(value, "model_json_schema"):
        return value.model_json_schema()
    return repr(value)
