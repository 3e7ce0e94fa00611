"""LangChain's own standard suites for chat models, for the fake model."""

from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from course_utils.fake import FakeStreamingChatModel
from tests.support.standard_suites import Ours


class TestUnit(Ours, ChatModelUnitTests):
    tested = FakeStreamingChatModel


class TestIntegration(Ours, ChatModelIntegrationTests):
    tested = FakeStreamingChatModel
