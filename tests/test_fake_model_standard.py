"""LangChain's own standard suites for chat models, for the fake model."""

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from course_utils.fake_model import FakeStreamingChatModel


class TestUnit(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return FakeStreamingChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "fake-1"}


class TestIntegration(ChatModelIntegrationTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return FakeStreamingChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "fake-1"}

    @property
    def model_override_value(self) -> str:
        return "fake-2"
