"""Right answers in another style, and wrong ones that break the contract."""

import itertools
import queue
import threading
from collections import deque
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessageChunk
from langgraph.config import get_stream_writer

from course_utils.clock import course_clock
from course_utils.lessons import streaming_callbacks as callbacks


class FirstTokenOfProperties(BaseCallbackHandler):
    def __init__(self, clock=course_clock):
        self.clock = clock
        self.begun = self.came = None

    @property
    def seconds(self):
        return None if self.came is None else self.came - self.begun

    def on_chat_model_start(self, *args, **kwargs):
        self.begun, self.came = self.clock.now(), None

    def on_llm_new_token(self, token, chunk=None, **kwargs):
        if self.came is None and chunk is not None and chunk.text:
            self.came = self.clock.now()


class FirstTokenOfAnyKind(FirstTokenOfProperties):
    def on_llm_new_token(self, token, chunk=None, **kwargs):
        if self.came is None:
            self.came = self.clock.now()


class FirstTokenOnce(FirstTokenOfProperties):
    def on_chat_model_start(self, *args, **kwargs):
        if self.begun is None:
            self.begun = self.clock.now()


class FirstTokenOfTheLast(FirstTokenOfProperties):
    def on_llm_new_token(self, token, chunk=None, **kwargs):
        if chunk.text:
            self.came = self.clock.now()


class StopwatchOfPairs(BaseCallbackHandler):
    def __init__(self, clock=course_clock):
        self.clock, self.times, self.open = clock, [], []

    def on_chat_model_start(self, serialized, messages, *, run_id, **kwargs):
        self.open.append((run_id, self.clock.now()))

    def over(self, run_id):
        (began,) = [at for run, at in self.open if run == run_id]
        self.open = [pair for pair in self.open if pair[0] != run_id]
        self.times.append(self.clock.now() - began)

    def on_llm_end(self, response, *, run_id, **kwargs):
        self.over(run_id)

    def on_llm_error(self, error, *, run_id, **kwargs):
        self.over(run_id)


class StopwatchThatKeeps(StopwatchOfPairs):
    def over(self, run_id):
        (began,) = [at for run, at in self.open if run == run_id]
        self.times.append(self.clock.now() - began)


class StopwatchFirstInFirstOut(StopwatchOfPairs):
    def over(self, run_id):
        self.times.append(self.clock.now() - self.open.pop(0)[1])


class StopwatchInOrderOfStarts(StopwatchOfPairs):
    def over(self, run_id):
        super().over(run_id)
        self.times.sort()


class StopwatchOfShared(StopwatchOfPairs):
    times: list[float] = []

    def __init__(self, clock=course_clock):
        self.clock, self.open = clock, []


class OutboxOfConditions(BaseCallbackHandler):
    def __init__(self, draw):
        self.draw, self.texts, self.over = draw, deque(), False
        self.news = threading.Condition()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while True:
            with self.news:
                self.news.wait_for(lambda: self.texts or self.over)
                if not self.texts:
                    return
                text = self.texts.popleft()
            self.draw(text)

    def on_chat_model_start(self, *args, **kwargs):
        self.thread.start()

    def on_llm_new_token(self, token, *, chunk=None, **kwargs):
        if chunk.text:
            with self.news:
                self.texts.append(chunk.text)
                self.news.notify()

    def end(self):
        with self.news:
            self.over = True
            self.news.notify()
        self.thread.join()

    def on_llm_end(self, *args, **kwargs):
        self.end()

    def on_llm_error(self, *args, **kwargs):
        self.end()


class OutboxOfAThreadEach(BaseCallbackHandler):
    def __init__(self, draw):
        self.draw, self.threads = draw, []

    def on_llm_new_token(self, token, *, chunk=None, **kwargs):
        if chunk.text:
            one = threading.Thread(target=self.draw, args=(chunk.text,), daemon=True)
            self.threads.append(one)
            one.start()

    def on_llm_end(self, *args, **kwargs):
        for one in self.threads:
            one.join()

    on_llm_error = on_llm_end


class OutboxThatDropsTheRest(OutboxOfConditions):
    def on_llm_error(self, *args, **kwargs):
        self.texts.clear()
        self.end()


class OutboxThatForgetsErrors(OutboxOfConditions):
    def on_llm_error(self, *args, **kwargs):
        self.failed = True


class OutboxOfOnePlace(BaseCallbackHandler):
    def __init__(self, draw):
        self.draw, self.queue = draw, queue.Queue(1)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while (text := self.queue.get()) is not None:
            self.draw(text)

    def on_llm_new_token(self, token, *, chunk=None, **kwargs):
        if chunk.text:
            self.queue.put(chunk.text)

    def on_llm_end(self, *args, **kwargs):
        self.queue.put(None)
        self.thread.join()

    on_llm_error = on_llm_end


class Both(BaseCallbackHandler):
    raise_error = True

    def __init__(self, update, log):
        self.update, self.log, self.texts = update, log, []

    def on_llm_new_token(self, token, *, chunk=None, **kwargs):
        if chunk.text:
            self.texts.append(chunk.text)
            self.update(chunk.text)

    def on_llm_end(self, *args, **kwargs):
        self.log(f"finished: {len(self.texts)} tokens")

    def on_llm_error(self, error, **kwargs):
        count = len(self.texts)
        self.log(f"failed after {count} tokens: {type(error).__name__}")


def listeners_in_one(update, log):
    return [Both(update, log)]


class BothOfEmpty(Both):
    def on_llm_new_token(self, token, *, chunk=None, **kwargs):
        self.texts.append(chunk.text)
        self.update(chunk.text)


class BothWithTheText(Both):
    def on_llm_error(self, error, **kwargs):
        self.log(f"failed after {len(self.texts)} tokens: {error}")


class BothAtTheEnd(Both):
    def on_llm_new_token(self, token, *, chunk=None, **kwargs):
        if chunk.text:
            self.texts.append(chunk.text)

    def on_llm_end(self, *args, **kwargs):
        for text in self.texts:
            self.update(text)
        super().on_llm_end()


kept_log: list[str] = []


def listeners_that_remember(update, log, both={}):
    one = both.setdefault("it", Both(update, log))
    one.update, one.log = update, log
    return [one]


class AuditBySubclass(BaseCallbackHandler):
    def __init__(self, write):
        super().__init__()
        self.raise_error = True
        self.on_text_of = write

    def on_llm_new_token(self, token, *, chunk=None, **kwargs):
        text = chunk.text if chunk is not None else token
        if text:
            self.on_text_of(text)


class AuditThatTries(BaseCallbackHandler):
    raise_error = True

    def __init__(self, write):
        self.write = write

    def on_llm_new_token(self, token, *, chunk=None, **kwargs):
        try:
            self.write(chunk.text)
        except Exception as error:
            raise RuntimeError("not recorded") from error


class AuditOfOneLate(BaseCallbackHandler):
    raise_error = True

    def __init__(self, write):
        self.write, self.held = write, ""

    def on_llm_new_token(self, token, *, chunk=None, **kwargs):
        text, self.held = self.held, chunk.text
        if text:
            self.write(text)

    def on_llm_end(self, *args, **kwargs):
        self.write(self.held)


class AuditThatIsSkipped(BaseCallbackHandler):
    def __init__(self, write):
        self.write = write

    def on_llm_new_token(self, token, *, chunk=None, **kwargs):
        if chunk.text:
            self.write(chunk.text)


class RedactByWords:
    def __init__(self):
        self.words = [""]

    def push(self, text):
        *first, rest = (self.words[0] + text).split(" ")
        self.words = [rest]
        hidden = [callbacks.EMAIL.sub("[e-mail]", word) for word in first]
        return "".join(word + " " for word in hidden)

    def flush(self):
        (rest,), self.words = self.words, [""]
        return callbacks.EMAIL.sub("[e-mail]", rest)


class RedactThatHoldsAll(RedactByWords):
    def push(self, text):
        self.words[0] += text
        return ""


class RedactShared:
    held: list[str] = []

    def push(self, text):
        joined = "".join([*self.held, text])
        cut = joined.rfind(" ") + 1
        self.held[:] = [joined[cut:]]
        return callbacks.EMAIL.sub("[e-mail]", joined[:cut])

    def flush(self):
        joined = "".join(self.held)
        self.held.clear()
        return callbacks.EMAIL.sub("[e-mail]", joined)


class RedactByPiece:
    def push(self, text):
        return callbacks.EMAIL.sub("[e-mail]", text)

    def flush(self):
        return ""


class RedactThatRepeats(RedactByWords):
    def flush(self):
        return callbacks.EMAIL.sub("[e-mail]", self.words[0])


def read_parts_by_type(parts):
    texts, asked = [], []
    for part in parts:
        match part:
            case {"type": "messages", "ns": (), "data": (AIMessageChunk() as said, _)}:
                texts.append(said.text)
            case {"type": "updates", "data": {"__interrupt__": questions}}:
                asked += [one.value for one in questions]
    return "".join(texts), next(iter(asked), None)


def read_parts_with_results(parts):
    texts, question = [], None
    for part in parts:
        if part["type"] == "messages":
            texts.append(part["data"][0].text)
        elif part["type"] == "updates" and "__interrupt__" in part["data"]:
            question = part["data"]["__interrupt__"][0].value
    return "".join(texts), question


def read_parts_of_the_last(parts):
    text, question = "", None
    for part in parts:
        if part["type"] == "messages" and not part["ns"]:
            if isinstance(part["data"][0], AIMessageChunk):
                text += part["data"][0].text
        elif part["type"] == "updates" and "__interrupt__" in part["data"]:
            question = part["data"]["__interrupt__"][-1].value
    return text, question


def read_parts_until_asked(parts):
    text = ""
    for part in parts:
        if part["type"] == "messages" and not part["ns"]:
            if isinstance(part["data"][0], AIMessageChunk):
                text += part["data"][0].content
        elif part["type"] == "updates" and "__interrupt__" in part["data"]:
            return text, part["data"]["__interrupt__"][0].value
    return text, None


def report_guarded(done, of):
    write = None
    try:
        write = get_stream_writer()
    except Exception:
        return
    write(dict(done=done, of=of))


def report_that_swallows(done, of):
    try:
        get_stream_writer()({"done": done, "of": of})
    except Exception:
        pass


def report_of_a_part(done, of):
    try:
        write = get_stream_writer()
    except (RuntimeError, KeyError):
        return
    write({"done": done / of})


def report_of_words(done, of):
    try:
        write = get_stream_writer()
    except (RuntimeError, KeyError):
        return
    write({"done": str(done), "of": str(of)})


def spent_by_groups(stream):
    chunks = [m for m, _ in stream if isinstance(m, AIMessageChunk)]
    ids = list(dict.fromkeys(chunk.id for chunk in chunks))

    def told(wanted):
        found = [c.usage_metadata for c in chunks if c.id == wanted]
        counts = [usage["total_tokens"] for usage in found if usage]
        return sum(counts) if counts else None

    return [told(wanted) for wanted in ids]


def spent_of_the_last(stream):
    totals = {}
    for message, _ in stream:
        if isinstance(message, AIMessageChunk):
            totals.setdefault(message.id, None)
            if message.usage_metadata:
                totals[message.id] = message.usage_metadata["total_tokens"]
    return list(totals.values())


def spent_with_zeros(stream):
    return [count or 0 for count in spent_by_groups(stream)]


def spent_in_a_row(stream):
    chunks = (m for m, _ in stream if isinstance(m, AIMessageChunk))
    found = []
    for _, group in itertools.groupby(chunks, key=lambda chunk: chunk.id):
        counts = [c.usage_metadata["total_tokens"] for c in group if c.usage_metadata]
        found.append(sum(counts) if counts else None)
    return found


def spent_on_those_that_said(stream):
    return [count for count in spent_by_groups(stream) if count is not None]


RIGHT: list[tuple[Any, Any]] = [
    (callbacks.first_token, FirstTokenOfProperties),
    (callbacks.by_run, StopwatchOfPairs),
    (callbacks.outbox, OutboxOfConditions),
    (callbacks.listeners, listeners_in_one),
    (callbacks.audit, AuditBySubclass),
    (callbacks.redact, RedactByWords),
    (callbacks.read_parts, read_parts_by_type),
    (callbacks.report, report_guarded),
    (callbacks.spent, spent_by_groups),
]
WRONG: list[tuple[Any, Any]] = [
    (callbacks.first_token, FirstTokenOfAnyKind),
    (callbacks.first_token, FirstTokenOnce),
    (callbacks.first_token, FirstTokenOfTheLast),
    (callbacks.by_run, StopwatchThatKeeps),
    (callbacks.by_run, StopwatchFirstInFirstOut),
    (callbacks.by_run, StopwatchInOrderOfStarts),
    (callbacks.by_run, StopwatchOfShared),
    (callbacks.outbox, OutboxOfAThreadEach),
    (callbacks.outbox, OutboxThatDropsTheRest),
    (callbacks.outbox, OutboxThatForgetsErrors),
    (callbacks.outbox, OutboxOfOnePlace),
    (callbacks.listeners, lambda update, log: [BothOfEmpty(update, log)]),
    (callbacks.listeners, lambda update, log: [BothWithTheText(update, log)]),
    (callbacks.listeners, lambda update, log: [BothAtTheEnd(update, log)]),
    (callbacks.listeners, listeners_that_remember),
    (callbacks.audit, AuditThatTries),
    (callbacks.audit, AuditOfOneLate),
    (callbacks.audit, AuditThatIsSkipped),
    (callbacks.redact, RedactThatHoldsAll),
    (callbacks.redact, RedactShared),
    (callbacks.redact, RedactByPiece),
    (callbacks.redact, RedactThatRepeats),
    (callbacks.read_parts, read_parts_with_results),
    (callbacks.read_parts, read_parts_of_the_last),
    (callbacks.read_parts, read_parts_until_asked),
    (callbacks.report, report_that_swallows),
    (callbacks.report, report_of_a_part),
    (callbacks.report, report_of_words),
    (callbacks.spent, spent_of_the_last),
    (callbacks.spent, spent_with_zeros),
    (callbacks.spent, spent_in_a_row),
    (callbacks.spent, spent_on_those_that_said),
]
