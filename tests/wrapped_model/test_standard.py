"""LangChain's own standard suites for `ChatOpenAI` with a model of ours around it.

Skipped are the seven tests for each API that `ChatOpenAI` alone skips: images, audio,
PDFs, messages in Anthropic's form, and a benchmark that replays recordings.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from course_utils.cache import CachedChatModel
from course_utils.fake.server import FakeServer
from course_utils.reliability.model import ReliableChatModel


def split(kind: type[BaseChatModel], settings: dict[str, Any]) -> tuple[Any, Any]:
    """The wrapper's own settings, and the inner model's."""
    own = {name: value for name, value in settings.items() if name in kind.model_fields}
    return own, {name: settings[name] for name in settings if name not in own}


class ReliableOpenAI(ReliableChatModel):
    """A reliable `ChatOpenAI` with the constructor that the suites expect."""

    def __init__(self, **settings: Any) -> None:
        own, theirs = split(ReliableChatModel, settings)
        super().__init__(**{"inner": ChatOpenAI(**theirs), **own})


class CachedOpenAI(CachedChatModel):
    """A cached `ChatOpenAI` with the constructor that the suites expect."""

    def __init__(self, **settings: Any) -> None:
        own, theirs = split(CachedChatModel, settings)
        super().__init__(**{"inner": ChatOpenAI(**theirs), **own})


class BothOpenAI(CachedChatModel):
    """A cached, reliable `ChatOpenAI` with the constructor that the suites expect."""

    def __init__(self, **settings: Any) -> None:
        own, theirs = split(CachedChatModel, settings)
        inner = ReliableChatModel(inner=ChatOpenAI(**theirs))
        super().__init__(**{"inner": inner, **own})


@pytest.fixture(scope="class", autouse=True)
def server(request: pytest.FixtureRequest) -> Iterator[None]:
    """A server that nobody scripted: it follows the schemas it is given."""
    with FakeServer() as running:
        request.cls.url = running.url
        yield


class _Wrapped:
    tested: ClassVar[type[BaseChatModel]]
    url: ClassVar[str] = "http://127.0.0.1:9/v1"
    responses: ClassVar[bool] = False

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return self.tested

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {
            "model": "fake-1",
            "base_url": self.url,
            "api_key": "offline",
            "stream_usage": True,
            "use_responses_api": self.responses,
        }

    @property
    def model_override_value(self) -> str:
        return "fake-2"

    @property
    def supports_json_mode(self) -> bool:
        return True


class TestReliableUnit(_Wrapped, ChatModelUnitTests):
    tested = ReliableOpenAI


class TestCachedUnit(_Wrapped, ChatModelUnitTests):
    tested = CachedOpenAI


class TestBothUnit(_Wrapped, ChatModelUnitTests):
    tested = BothOpenAI


class TestReliable(_Wrapped, ChatModelIntegrationTests):
    tested = ReliableOpenAI


class TestReliableResponses(_Wrapped, ChatModelIntegrationTests):
    tested = ReliableOpenAI
    responses: ClassVar[bool] = True


class TestCached(_Wrapped, ChatModelIntegrationTests):
    tested = CachedOpenAI


class TestCachedResponses(_Wrapped, ChatModelIntegrationTests):
    tested = CachedOpenAI
    responses: ClassVar[bool] = True


class TestBoth(_Wrapped, ChatModelIntegrationTests):
    tested = BothOpenAI


class TestBothResponses(_Wrapped, ChatModelIntegrationTests):
    tested = BothOpenAI
    responses: ClassVar[bool] = True
