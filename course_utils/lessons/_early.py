"""Whether an answer hands texts on as they come, or collects them first.

first_text_comes_early(stream_with_retry, 3)
"""

from collections.abc import Callable
from typing import Any

from course_utils.exercise import expect
from course_utils.fake_model import FakeStreamingChatModel


def first_text_comes_early(answer: Callable[..., Any], *more: Any) -> None:
    """Go on if the first text comes while the model has just begun.

    Args:
        answer: A generator function of a model, a prompt and `more`.
        more: What else it takes.
    """
    model = FakeStreamingChatModel(replies=("word " * 20).strip())
    stream = answer(model, "Hi", *more)
    if hasattr(stream, "__next__"):  # anything else is told elsewhere
        next((text for text in stream if text), None)
        sent = model.log[0].tokens_sent if model.log else 0
        why = f"The first text came after {sent} tokens of 20: yield each as it comes."
        expect(sent < 3, why)
