"""Answers to the exercises of notebook 3."""

from typing import ClassVar

from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler

from course_utils.buffering import WordBuffer
from course_utils.callbacks import PartialRecorder, on_token
from course_utils.clock import VirtualClock
from course_utils.lessons import streaming_callbacks as lesson
from course_utils.lessons.streaming_callbacks import solutions


class StubHandler(BaseCallbackHandler):
    def __init__(self, *args):
        raise NotImplementedError


class StubBuffer:
    def push(self, text):
        raise NotImplementedError

    def flush(self):
        raise NotImplementedError


# 1 · A stopwatch for the first token


class Recorded(PartialRecorder):
    """Another right answer: the recorder knows the time already."""

    @property
    def seconds(self):
        return self.last.time_to_first_token if self.runs else None


class Stopwatch(BaseCallbackHandler):
    """A base for wrong stopwatches."""

    def __init__(self, clock):
        self.clock = clock
        self.seconds = None

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.started = self.clock.now()
        self.seconds = None


class EveryToken(Stopwatch):
    def on_llm_new_token(self, token, **kwargs):
        if self.seconds is None:
            self.seconds = self.clock.now() - self.started


class TokenIsTrue(Stopwatch):
    def on_llm_new_token(self, token, **kwargs):
        if token and self.seconds is None:
            self.seconds = self.clock.now() - self.started


class LastToken(Stopwatch):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text:
            self.seconds = self.clock.now() - self.started


class Once(Stopwatch):
    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.started = self.clock.now()

    on_llm_new_token = solutions.FirstToken.on_llm_new_token


class NoKwargs(Stopwatch):
    def on_llm_new_token(self, token):
        self.seconds = self.clock.now() - self.started


class Loose:
    def __init__(self, clock):
        self.seconds = None


class NoBlanks(solutions.FirstToken):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text.strip() and self.seconds is None:
            self.seconds = self.clock.now() - self.started


class ZeroIsNone(solutions.FirstToken):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text and not self.seconds:
            self.seconds = self.clock.now() - self.started


class NothingBefore(solutions.FirstToken):
    def __init__(self, clock):
        self.clock = clock


class OwnClock(solutions.FirstToken):
    def __init__(self, clock):
        super().__init__(VirtualClock())


class WrongWayRound(Stopwatch):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text and self.seconds is None:
            self.seconds = self.started - self.clock.now()


class HourOnTheClock(Stopwatch):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text and self.seconds is None:
            self.seconds = self.clock.now()


class MistypedEvent(Stopwatch):
    def on_llm_token(self, token, *, chunk, **kwargs):
        self.seconds = self.clock.now() - self.started


# 2 · A log and a screen


class Both(BaseCallbackHandler):
    """A screen and a log in one."""

    def __init__(self, update, log):
        self.update, self.log, self.count = update, log, 0

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text:
            self.count += 1
            self.update(chunk.text)

    def on_llm_end(self, response, **kwargs):
        self.log(f"finished: {self.count} tokens")

    def on_llm_error(self, error, **kwargs):
        self.log(f"failed after {self.count} tokens: {type(error).__name__}")


def one_for_both(update, log):
    return [Both(update, log)]


def bare_functions(update, log):
    return [update, log]


def forgets_return(update, log):
    [on_token(update)]


def only_a_screen(update, log):
    return [on_token(update)]


def never_tells_of_a_failure(update, log, text=True):
    class Log(BaseCallbackHandler):
        count = 0

        def on_llm_new_token(self, token, *, chunk, **kwargs):
            self.count += bool(chunk.text) if text else 1

        def on_llm_end(self, response, **kwargs):
            log(f"finished: {self.count} tokens")

    return [on_token(update), Log()]


def counts_empty_tokens(update, log):
    return never_tells_of_a_failure(update, log, text=False)


def two(screen, log):
    """An answer to the second exercise: a class for the screen, one for the log."""

    def listeners(to_screen, to_log):
        return [screen(to_screen), log(to_log)]

    return listeners


class Screen(BaseCallbackHandler):
    """A base for wrong screens and wrong logs."""

    count = 0

    def __init__(self, tell):
        self.tell = tell


class NoBlankScreen(Screen):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text.strip():
            self.tell(chunk.text)


class ScreenWithoutKwargs(Screen):
    def on_llm_new_token(self, token, chunk):
        self.tell(chunk.text)


class LogWithoutKwargs(Screen):
    def on_llm_end(self, response):
        self.tell("finished: 3 tokens")


class LogWithATypo(Screen):
    def on_llm_end(self, response, **kwargs):
        self.tell(f"finished: {self.cuont} tokens")


class LogOfNoEvent(Screen):
    def on_llm_finish(self, response, **kwargs):
        self.tell("finished: 3 tokens")


class LogWithoutBlanks(Screen):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        self.count += bool(chunk.text.strip())

    def on_llm_end(self, response, **kwargs):
        self.tell(f"finished: {self.count} tokens")


class ErrorsWithoutKwargs(LogWithoutBlanks):
    def on_llm_new_token(self, token, *, chunk, **kwargs):
        self.count += bool(chunk.text)

    def on_llm_error(self, error):
        self.tell("failed")


class RawScreen(Screen):
    def on_llm_new_token(self, token, **kwargs):
        if token:
            self.tell(token)


class RightLog(Both):
    def __init__(self, log):
        super().__init__(lambda text: None, log)


# 3 · An audit that cannot be skipped


class Writes(BaseCallbackHandler):
    def __init__(self, write):
        self.write = write

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text:
            self.write(chunk.text)


class Async(AsyncCallbackHandler):
    raise_error = True

    def __init__(self, write):
        self.write = write

    async def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text:
            self.write(chunk.text)


class All(Writes):
    raise_error = True

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        self.write(chunk.text)


class SkipsBlanks(Writes):
    raise_error = True

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text.strip():
            self.write(chunk.text)


class Typo(Writes):
    on_llm_token = Writes.on_llm_new_token
    on_llm_new_token = BaseCallbackHandler.on_llm_new_token


class AtTheEnd(Writes):
    raise_error = True

    def on_llm_new_token(self, token, **kwargs):
        pass

    def on_llm_end(self, response, **kwargs):
        for word in response.generations[0][0].text.split():
            self.write(word)


class Renames(Writes):
    raise_error = True

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        try:
            super().on_llm_new_token(token, chunk=chunk)
        except OSError:
            raise RuntimeError("no audit") from None


# 4 · No e-mail address on the screen


class Words:
    """Another right answer: a word buffer holds back, the rest is one line."""

    def __init__(self):
        self.words = WordBuffer()

    def push(self, text):
        return lesson.EMAIL.sub("[e-mail]", self.words.push(text))

    def flush(self):
        return lesson.EMAIL.sub("[e-mail]", self.words.flush())


class NoLookBack:
    def push(self, text):
        return lesson.EMAIL.sub("[e-mail]", text)

    def flush(self):
        return ""


class Whole:
    def __init__(self):
        self.held = ""

    def push(self, text):
        self.held += text
        return ""

    def flush(self):
        rest, self.held = self.held, ""
        return lesson.EMAIL.sub("[e-mail]", rest)


class RawFlush(Words):
    def flush(self):
        return self.words.flush()


class NoFlush(Words):
    def flush(self):
        return ""


class NoReturn(Words):
    def push(self, text):
        self.words.push(text)


class Twice(solutions.Redact):
    def flush(self):
        return lesson.EMAIL.sub("[e-mail]", self.held)


class StripsTheRest(solutions.Redact):
    def flush(self):
        return super().flush().strip()


class OtherLabel(solutions.Redact):
    def push(self, text):
        return super().push(text).replace("[e-mail]", "[email]")


class TooEarly(solutions.Redact):
    def push(self, text):
        self.held = lesson.EMAIL.sub("[e-mail]", self.held + text)
        return super().push("")


class SharesWhatItHolds:
    held: ClassVar[list[str]] = []

    def push(self, text):
        before, blank, after = ("".join(self.held) + text).rpartition(" ")
        self.held[:] = [after]
        return lesson.EMAIL.sub("[e-mail]", before + blank)

    def flush(self):
        rest, self.held[:] = "".join(self.held), []
        return lesson.EMAIL.sub("[e-mail]", rest)
