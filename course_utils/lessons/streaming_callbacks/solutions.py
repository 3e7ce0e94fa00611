"""One way to do each exercise of notebook 3, *Streaming callbacks*."""

import re

from langchain_core.callbacks import BaseCallbackHandler

from course_utils.callbacks.on_token import on_token
from course_utils.clock import course_clock

EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]*\w")


class FirstToken(BaseCallbackHandler):
    def __init__(self, clock=course_clock):
        self.clock = clock
        self.seconds = None

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.started = self.clock.now()
        self.seconds = None

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text and self.seconds is None:
            self.seconds = self.clock.now() - self.started


def listeners(update, log):
    class Log(BaseCallbackHandler):
        tokens = 0

        def on_llm_new_token(self, token, *, chunk, **kwargs):
            self.tokens += bool(chunk.text)

        def on_llm_end(self, response, **kwargs):
            log(f"finished: {self.tokens} tokens")

        def on_llm_error(self, error, **kwargs):
            log(f"failed after {self.tokens} tokens: {type(error).__name__}")

    return [on_token(update), Log()]


class Audit(BaseCallbackHandler):
    raise_error = True

    def __init__(self, write):
        self.write = write

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text:
            self.write(chunk.text)


class Redact:
    held = ""

    def push(self, text):
        self.held += text
        last_word = self.held.rfind(" ") + 1
        ready, self.held = self.held[:last_word], self.held[last_word:]
        return EMAIL.sub("[e-mail]", ready)

    def flush(self):
        rest, self.held = self.held, ""
        return EMAIL.sub("[e-mail]", rest)
