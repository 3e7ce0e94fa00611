"""Answers to the exercises of notebook 3 such as somebody writes at work."""

import re
from typing import ClassVar

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.exceptions import ModelError

from course_utils.lessons import streaming_callbacks as lesson
from course_utils.lessons.streaming_callbacks import solutions
from tests.lessons.answers.streaming_callbacks.handlers import (
    RightLog,
    Screen,
    Stopwatch,
    Words,
    Writes,
)


class AsText(solutions.FirstToken):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text and self.seconds is None:
            self.seconds = f"{self.clock.now() - self.started:.2f}"


class ByContent(solutions.FirstToken):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.message.content and self.seconds is None:
            self.seconds = self.clock.now() - self.started


class AtTheEndOnly(Stopwatch):
    first = None

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text and self.first is None:
            self.first = self.clock.now()

    def on_llm_end(self, response, **kwargs):
        self.seconds = None if self.first is None else self.first - self.started
        self.first = None


class StartedForAll(Stopwatch):
    began: ClassVar[list[float]] = [0.0]

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.began[0] = self.clock.now()
        self.seconds = None

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text and self.seconds is None:
            self.seconds = self.clock.now() - self.began[0]


class CountsCalls(solutions.FirstToken):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if (chunk.text or chunk.message.tool_call_chunks) and self.seconds is None:
            self.seconds = self.clock.now() - self.started


class FromTheBirth(solutions.FirstToken):
    def __init__(self, clock):
        super().__init__(clock)
        self.started = clock.now()

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.seconds = None


class ForgetsWhenItBreaks(solutions.FirstToken):
    def on_llm_error(self, error, **kwargs):
        self.seconds = None


class ByEvents(BaseCallbackHandler):
    """Right: it keeps the moments and subtracts when it is asked."""

    def __init__(self, clock):
        self.clock, self.start, self.first = clock, None, None

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.start, self.first = self.clock.now(), None

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text and self.first is None:
            self.first = self.clock.now()

    @property
    def seconds(self):
        return None if self.first is None else self.first - self.start


class ScreenAtTheEnd(Screen):
    def __init__(self, tell):
        super().__init__(tell)
        self.texts = []

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text:
            self.texts.append(chunk.text)

    def on_llm_end(self, response, **kwargs):
        for text in self.texts:
            self.tell(text)

    def on_llm_error(self, error, **kwargs):
        for text in self.texts:
            self.tell(text)


class ScreenOneLate(ScreenAtTheEnd):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        super().on_llm_new_token(token, chunk=chunk)
        if len(self.texts) > 1:
            self.tell(self.texts.pop(0))


class StrippedScreen(Screen):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text:
            self.tell(chunk.text.strip() or chunk.text)


class ScreenWithoutRepeats(Screen):
    last = None

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text and chunk.text != self.last:
            self.tell(chunk.text)
        self.last = chunk.text


class CountsForAll(RightLog):
    counts: ClassVar[list[str]] = []

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.counts.clear()

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text:
            self.counts.append(chunk.text)

    def on_llm_end(self, response, **kwargs):
        self.log(f"finished: {len(self.counts)} tokens")

    def on_llm_error(self, error, **kwargs):
        self.log(f"failed after {len(self.counts)} tokens: {type(error).__name__}")


class CountsWords(RightLog):
    def on_llm_end(self, response, **kwargs):
        words = response.generations[0][0].text.split()
        self.log(f"finished: {len(words)} tokens")


class LogOfTheChain(RightLog):
    def on_chain_end(self, outputs, **kwargs):
        self.log(f"finished: {self.count} tokens")


class LogOfModelErrors(RightLog):
    def on_llm_error(self, error, **kwargs):
        if isinstance(error, ModelError):
            super().on_llm_error(error)


class LogOfErrorsOnly(RightLog):
    def on_llm_error(self, error, **kwargs):
        if isinstance(error, Exception):
            super().on_llm_error(error)


def with_a_list(update, log):
    """Right: the log counts what the screen was told."""
    told = []

    class All(BaseCallbackHandler):
        def on_llm_new_token(self, token, *, chunk, **kwargs):
            if chunk.text:
                told.append(chunk.text)
                update(told[-1])

        def on_llm_end(self, response, **kwargs):
            log(f"finished: {len(told)} tokens")

        def on_llm_error(self, error, **kwargs):
            log(f"failed after {len(told)} tokens: {type(error).__name__}")

    return (All(),)


class OneLate(Writes):
    raise_error = True
    held = ""

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if self.held:
            self.write(self.held)
        self.held = chunk.text

    def on_llm_end(self, response, **kwargs):
        if self.held:
            self.write(self.held)


class TriesAgain(Writes):
    raise_error = True

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        try:
            super().on_llm_new_token(token, chunk=chunk)
        except Exception:
            super().on_llm_new_token(token, chunk=chunk)


class OnlyTheDisk(Writes):
    raise_error = True

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        try:
            super().on_llm_new_token(token, chunk=chunk)
        except OSError:
            raise
        except Exception:
            pass


class WritesThoughts(Writes):
    raise_error = True

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.message.content:
            self.write(str(chunk.text))


class WritesForAll(Writes):
    raise_error = True
    place: ClassVar[list] = []

    def __init__(self, write):
        self.place[:] = [write]

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text:
            self.place[0](chunk.text)


class WritesLower(Writes):
    raise_error = True

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text:
            self.write(chunk.text.lower())


class WritesBlocks(Writes):
    """Right: it reads the message of the chunk."""

    raise_error = True

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if text := chunk.message.text:
            self.write(text)


class SixtyFour(Words):
    """Holds at most so many letters."""

    held = ""

    def push(self, text):
        self.held += text
        space = self.held.rfind(" ") + 1
        if len(self.held) - space > 64:
            space = len(self.held) - 64
        ready, self.held = self.held[:space], self.held[space:]
        return lesson.EMAIL.sub("[e-mail]", ready)

    def flush(self):
        rest, self.held = self.held, ""
        return lesson.EMAIL.sub("[e-mail]", rest)


class SmallLetters(solutions.Redact):
    def push(self, text):
        return super().push(text.lower())


class OneWordLate(solutions.Redact):
    def push(self, text):
        self.held += text
        last = self.held.rfind(" ")
        cut = self.held.rfind(" ", 0, max(last, 0)) + 1
        ready, self.held = self.held[:cut], self.held[cut:]
        return lesson.EMAIL.sub("[e-mail]", ready)


class SplitsAndJoins(solutions.Redact):
    def push(self, text):
        *words, self.held = (self.held + text).split(" ")
        return "".join(
            lesson.EMAIL.sub("[e-mail]", word) + " " for word in words if word
        )


class OnceOnly(solutions.Redact):
    done = False

    def flush(self):
        if self.done:
            return ""
        self.done = True
        return super().flush()


class AsciiAddresses(solutions.Redact):
    address = re.compile(r"[a-zA-Z0-9.+-]+@[a-zA-Z0-9-]+\\.[a-zA-Z0-9.]*[a-zA-Z0-9]")

    def push(self, text):
        self.held += text
        last_word = self.held.rfind(" ") + 1
        ready, self.held = self.held[:last_word], self.held[last_word:]
        return self.address.sub("[e-mail]", ready)


class ByPartition:
    """Right: it splits at the last space."""

    def __init__(self):
        self.held = ""

    def push(self, text):
        before, space, self.held = (self.held + text).rpartition(" ")
        return lesson.EMAIL.sub("[e-mail]", before + space)

    def flush(self):
        rest, self.held = self.held, ""
        return lesson.EMAIL.sub("[e-mail]", rest)
