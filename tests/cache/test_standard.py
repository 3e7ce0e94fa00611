"""LangChain's own standard suites for chat models, for a cached model."""

from typing import Any

from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from course_utils.cache import CachedChatModel
from tests.support.standard_suites import Ours, fake_inside


class CachedFake(CachedChatModel):
    """A cached fake model with the constructor that the suites expect."""

    def __init__(self, **settings: Any) -> None:
        inner, own = fake_inside(CachedChatModel, settings)
        super().__init__(**{"inner": inner, **own})


class TestUnit(Ours, ChatModelUnitTests):
    tested = CachedFake


class TestIntegration(Ours, ChatModelIntegrationTests):
    tested = CachedFake
