"""What LangChain's standard suites are told of our models, all of which take a name.

A suite asks for properties, so they stand in a class to mix in:

    class TestUnit(Ours, ChatModelUnitTests):
        tested = FakeStreamingChatModel
"""

from typing import Any, ClassVar

from langchain_core.language_models import BaseChatModel

from course_utils.fake import FakeStreamingChatModel


class Ours:
    """A fake model, or a model around one."""

    tested: ClassVar[type[BaseChatModel]]

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return self.tested

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "fake-1"}

    @property
    def model_override_value(self) -> str:
        return "fake-2"


def fake_inside(
    kind: type[BaseChatModel], settings: dict[str, Any]
) -> tuple[FakeStreamingChatModel, dict[str, Any]]:
    """The suites know one constructor: a fake model of its settings, and the rest."""
    own = {name: value for name, value in settings.items() if name in kind.model_fields}
    inner = {name: value for name, value in settings.items() if name not in own}
    return FakeStreamingChatModel(**inner), own
