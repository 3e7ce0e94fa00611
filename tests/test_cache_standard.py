"""LangChain's own standard suites for chat models, for a cached model."""

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from course_utils.cache import CachedChatModel
from course_utils.fake_model import FakeStreamingChatModel


class CachedFake(CachedChatModel):
    """A cached fake model with the constructor that the suites expect."""

    def __init__(self, **kwargs: Any) -> None:
        ours = {k: v for k, v in kwargs.items() if k in CachedChatModel.model_fields}
        rest = {k: v for k, v in kwargs.items() if k not in ours}
        ours.setdefault("inner", FakeStreamingChatModel(**rest))
        super().__init__(**ours)


class TestUnit(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return CachedFake

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "fake-1"}


class TestIntegration(ChatModelIntegrationTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return CachedFake

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "fake-1"}

    @property
    def model_override_value(self) -> str:
        return "fake-2"
