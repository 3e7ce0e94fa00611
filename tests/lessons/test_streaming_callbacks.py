"""The exercises of notebook 3 tell right answers from wrong ones, and say why."""

import logging
import re
from typing import ClassVar

from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.exceptions import ModelError

from course_utils.buffering import WordBuffer
from course_utils.callbacks import PartialRecorder, on_token
from course_utils.clock import VirtualClock, course_clock
from course_utils.lessons import streaming_callbacks as lesson
from course_utils.lessons.streaming_callbacks import solutions
from course_utils.teaching import Predict
from tests.support.exercise_rules import ExerciseRules, stub

EXERCISES = [lesson.first_token, lesson.listeners, lesson.audit, lesson.redact]


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


# What somebody writes at work


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


RIGHT = [
    (lesson.first_token, ByEvents),
    (lesson.listeners, with_a_list),
    (lesson.audit, WritesBlocks),
    (lesson.redact, ByPartition),
    (lesson.first_token, Recorded),
    (lesson.listeners, one_for_both),
    (lesson.audit, on_token),
    (lesson.redact, Words),
]
WRONG = [
    (lesson.first_token, AsText, "`.seconds` is the text '0.50': a number is wanted."),
    (lesson.first_token, ByContent, "that thinks first"),
    (lesson.first_token, AtTheEndOnly, "that breaks after a token"),
    (lesson.first_token, StartedForAll, "With two calls at once"),
    (lesson.first_token, CountsCalls, "that only calls a tool"),
    (lesson.first_token, FromTheBirth, "With one handler for several calls"),
    (lesson.first_token, ForgetsWhenItBreaks, "that breaks after a token"),
    (lesson.listeners, two(ScreenAtTheEnd, RightLog), "after the reader did"),
    (lesson.listeners, two(ScreenOneLate, RightLog), "after the reader did"),
    (lesson.listeners, two(StrippedScreen, RightLog), "update got 'onetwo"),
    (lesson.listeners, two(ScreenWithoutRepeats, RightLog), "With odd text"),
    (lesson.listeners, two(on_token, CountsForAll), "With two requests at once"),
    (lesson.listeners, two(on_token, CountsWords), "a token that is an empty line"),
    (lesson.listeners, two(on_token, LogOfTheChain), "it should be one line"),
    (lesson.listeners, two(on_token, LogOfModelErrors), "With an odd error"),
    (lesson.listeners, two(on_token, LogOfErrorsOnly), "With the square button"),
    (lesson.audit, OneLate, "before it was written"),
    (lesson.audit, TriesAgain, "Who swallowed the error?"),
    (lesson.audit, OnlyTheDisk, "Who swallowed the error?"),
    (lesson.audit, WritesThoughts, "write got '' as well"),
    (lesson.audit, WritesForAll, "each has a place of its own"),
    (lesson.audit, WritesLower, "When every token is odd"),
    (lesson.redact, SixtyFour, "Is something lost, or too much?"),
    (lesson.redact, SmallLetters, "and should be"),
    (lesson.redact, OneWordLate, "can't become an address any more"),
    (lesson.redact, SplitsAndJoins, "Is something lost"),
    (lesson.redact, OnceOnly, "after a flush"),
    (lesson.redact, AsciiAddresses, "there is an address in it"),
    (lesson.first_token, EveryToken, "`.seconds` is 0.0"),
    (lesson.first_token, TokenIsTrue, "that thinks first"),
    (lesson.first_token, LastToken, "`.seconds` is 0.75, and should be 0.5"),
    (lesson.first_token, Once, "or a call before"),
    (lesson.first_token, NoKwargs, "unexpected keyword"),
    (lesson.first_token, Loose, "a Loose as a handler"),
    (lesson.first_token, NoBlanks, "begins with an empty line"),
    (lesson.first_token, ZeroIsNone, "0 s is a time, too: ask `self.seconds is None`"),
    (lesson.first_token, NothingBefore, "the handler has no `.seconds`"),
    (lesson.first_token, OwnClock, "Nobody asked the clock: it is `self.clock.now()`"),
    (lesson.first_token, WrongWayRound, "not the other way round"),
    (lesson.first_token, HourOnTheClock, "is 100.5, and should be 0.5. That is the"),
    (lesson.first_token, MistypedEvent, "LangChain knows no event `on_llm_token`"),
    (lesson.listeners, bare_functions, "got a method as a handler"),
    (lesson.listeners, forgets_return, "gave None. Is a `return` missing?"),
    (lesson.listeners, only_a_screen, "the log got []"),
    (lesson.listeners, never_tells_of_a_failure, "With a break after two tokens"),
    (lesson.listeners, counts_empty_tokens, "got ['finished: 6 tokens']"),
    (lesson.listeners, two(NoBlankScreen, RightLog), "'onetwo' in all"),
    (lesson.listeners, two(RawScreen, RightLog), "With tokens that are lists"),
    (lesson.listeners, two(ScreenWithoutKwargs, Screen), "keyword argument 'run_id'"),
    (lesson.listeners, two(on_token, LogWithoutKwargs), "keyword argument 'run_id'"),
    (lesson.listeners, two(on_token, ErrorsWithoutKwargs), "keyword argument 'run_id'"),
    (lesson.listeners, two(on_token, LogWithATypo), "no attribute 'cuont'"),
    (lesson.listeners, two(on_token, LogOfNoEvent), "knows no event `on_llm_finish`"),
    (
        lesson.listeners,
        two(on_token, LogWithoutBlanks),
        "a token that is an empty line",
    ),
    (lesson.audit, Writes, "the reader read on"),
    (lesson.audit, Async, "Who swallowed the error?"),
    (lesson.audit, All, "write got ''"),
    (lesson.audit, SkipsBlanks, "write got 'one twothree' in all"),
    (lesson.audit, Typo, "knows no event `on_llm_token`"),
    (lesson.audit, AtTheEnd, "write got"),
    (lesson.audit, Renames, "a RuntimeError, not its error"),
    (lesson.redact, NoLookBack, "there is an address in it"),
    (lesson.redact, Whole, "only '' had left"),
    (lesson.redact, RawFlush, "there is an address in it"),
    (lesson.redact, NoFlush, "Is something lost"),
    (lesson.redact, NoReturn, "push gave None"),
    (lesson.redact, Twice, "A second flush"),
    (lesson.redact, StripsTheRest, "Is something lost, or too much?"),
    (lesson.redact, OtherLabel, "should be 'Write to [e-mail] or to [e-mail].'"),
    (lesson.redact, TooEarly, "It was replaced before the address had ended."),
    (lesson.redact, SharesWhatItHolds, "keep it on `self`."),
]
STUBS = [StubHandler, stub, StubHandler, StubBuffer]


class TestExercises(ExerciseRules):
    exercises, right, wrong, stubs = EXERCISES, RIGHT, WRONG, STUBS


# Around them


def test_checks_are_silent_and_leave_the_log_as_it_was(caplog):
    logger = logging.getLogger("langchain_core.callbacks.manager")
    with caplog.at_level("WARNING"):
        lesson.audit.check(Writes)
    assert caplog.records == []
    assert not logger.disabled


def test_a_stopwatch_without_a_clock_uses_the_courses():
    assert solutions.FirstToken().clock is course_clock


def test_the_address_of_the_course_is_plain():
    found = re.findall(lesson.EMAIL, "to ada.lovelace@example.com, bob@example.org.")
    assert found == ["ada.lovelace@example.com", "bob@example.org"]


def test_every_option_of_every_question_is_explained():
    questions = [lesson.rewrite, lesson.swallowed, *lesson.quiz.questions]
    for question in questions:
        assert isinstance(question, Predict)
        assert all(option and why for option, why in question.options.values())
