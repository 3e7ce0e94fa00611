"""One way to do each exercise of notebook 3, *Streaming callbacks*."""

import queue
import re
import threading

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessageChunk
from langgraph.config import get_stream_writer

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


class Stopwatch(BaseCallbackHandler):
    def __init__(self, clock=course_clock):
        self.clock, self.times, self.starts = clock, [], {}

    def on_chat_model_start(self, serialized, messages, *, run_id, **kwargs):
        self.starts[run_id] = self.clock.now()

    def on_llm_end(self, response, *, run_id, **kwargs):
        self.times.append(self.clock.now() - self.starts.pop(run_id))

    def on_llm_error(self, error, *, run_id, **kwargs):
        self.on_llm_end(None, run_id=run_id)


class Outbox(BaseCallbackHandler):
    def __init__(self, draw):
        self.draw, self.queue = draw, queue.Queue()
        self.worker = threading.Thread(target=self.work, daemon=True)
        self.worker.start()

    def work(self):
        while (text := self.queue.get()) is not None:
            self.draw(text)

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text:
            self.queue.put(chunk.text)

    def on_llm_end(self, response, **kwargs):
        self.queue.put(None)
        self.worker.join()

    def on_llm_error(self, error, **kwargs):
        self.on_llm_end(None)


def read_parts(parts):
    text, question = "", None
    for part in parts:
        if part["type"] == "messages" and not part["ns"]:
            message, _ = part["data"]
            if isinstance(message, AIMessageChunk):
                text += message.text
        elif part["type"] == "updates" and "__interrupt__" in part["data"]:
            question = part["data"]["__interrupt__"][0].value
    return text, question


def report(done, of):
    try:
        write = get_stream_writer()
    except (RuntimeError, KeyError):
        return
    write({"done": done, "of": of})


def spent(stream):
    totals = {}
    for message, _ in stream:
        if isinstance(message, AIMessageChunk):
            before = totals.setdefault(message.id, None)
            if message.usage_metadata:
                tokens = message.usage_metadata["total_tokens"]
                totals[message.id] = (before or 0) + tokens
    return list(totals.values())
