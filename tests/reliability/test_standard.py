"""LangChain's own standard suites for chat models, for a reliable model."""

from typing import Any

from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from course_utils.reliability.model import ReliableChatModel
from tests.support.standard_suites import Ours, fake_inside


class ReliableFake(ReliableChatModel):
    """A reliable fake model with the constructor that the suites expect."""

    def __init__(self, **settings: Any) -> None:
        inner, own = fake_inside(ReliableChatModel, settings)
        super().__init__(**{"inner": inner, **own})


class TestUnit(Ours, ChatModelUnitTests):
    tested = ReliableFake


class TestIntegration(Ours, ChatModelIntegrationTests):
    tested = ReliableFake
