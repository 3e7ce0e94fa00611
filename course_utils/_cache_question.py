"""A question to a model, which can tell whether it was asked before.

prompt, llm_string = question.key(model)
"""

from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel

from course_utils._cache_key import key_of
from course_utils.model_call import Request


@dataclass(frozen=True)
class Question(Request):
    """A request, and the key under which its answer is kept."""

    def key(self, model: BaseChatModel) -> tuple[str, str]:
        """The prompt and the model, as LangChain's `BaseCache` wants them.

        Raises:
            Unkeyable: Something in the question cannot be told by its value.
        """
        return key_of(model, self.messages, self.stop, self.options)
