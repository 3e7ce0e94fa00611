"""The exercises of notebook 3 tell right answers from wrong ones, and say why."""

import logging
import re
from typing import ClassVar

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler

from course_utils.buffering import WordBuffer
from course_utils.callbacks import PartialRecorder, on_token
from course_utils.clock import VirtualClock, course_clock
from course_utils.lessons import streaming_callbacks as lesson
from course_utils.lessons.solutions import streaming_callbacks as solutions
from course_utils.quiz import Predict

EXERCISES = [lesson.first_token, lesson.listeners, lesson.audit, lesson.redact]


def says(outcome, *words):
    """The outcome is *not yet*, and these words are in what it says."""
    assert outcome.outcome == "not yet"
    text = repr(outcome)
    assert [word for word in words if word not in text] == [], text
    return True


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.name)
def test_a_solution_is_correct(exercise):
    assert exercise.check(exercise.solution_object).outcome == "correct"


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.name)
def test_a_hint_never_shows_a_line_of_the_solution(exercise):
    assert len(exercise.hints) == 3
    source = str(exercise.solution(reveal=True))
    lines = [line.strip() for line in source.splitlines() if len(line.strip()) > 30]
    hints = " ".join(exercise.hints)
    assert [line for line in lines if line in hints] == []


class StubHandler(BaseCallbackHandler):
    def __init__(self, *args):
        raise NotImplementedError


class StubBuffer:
    def push(self, text):
        raise NotImplementedError

    def flush(self):
        raise NotImplementedError


def stub_listeners(update, log):
    raise NotImplementedError


def test_an_untouched_stub_is_not_started():
    for exercise, stub in [
        (lesson.first_token, StubHandler),
        (lesson.listeners, stub_listeners),
        (lesson.audit, StubHandler),
        (lesson.redact, StubBuffer),
    ]:
        assert exercise.check(stub).outcome == "not started"


# 1 · A stopwatch for the first token


class Recorded(PartialRecorder):
    """Another right answer: the recorder knows the time already."""

    @property
    def seconds(self):
        return self.last.time_to_first_token if self.runs else None


def test_a_recorder_is_a_stopwatch_too():
    assert lesson.first_token.check(Recorded).outcome == "correct"


class Stopwatch(BaseCallbackHandler):
    """A base for wrong stopwatches."""

    def __init__(self, clock):
        self.clock = clock
        self.seconds = None

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.started = self.clock.now()
        self.seconds = None


def test_the_empty_first_token_must_not_count():
    class EveryToken(Stopwatch):
        def on_llm_new_token(self, token, **kwargs):
            if self.seconds is None:
                self.seconds = self.clock.now() - self.started

    says(lesson.first_token.check(EveryToken), "`.seconds` is 0.0", "without text")


def test_a_list_is_not_text():
    class TokenIsTrue(Stopwatch):
        def on_llm_new_token(self, token, **kwargs):
            if token and self.seconds is None:
                self.seconds = self.clock.now() - self.started

    says(lesson.first_token.check(TokenIsTrue), "whose tokens are lists")


def test_the_last_token_is_not_the_first():
    class LastToken(Stopwatch):
        def on_llm_new_token(self, token, *, chunk, **kwargs):
            if chunk.text:
                self.seconds = self.clock.now() - self.started

    says(lesson.first_token.check(LastToken), "`.seconds` is 1.0", "should be 0.5")


def test_the_second_call_starts_again():
    class Once(Stopwatch):
        def on_chat_model_start(self, serialized, messages, **kwargs):
            self.started = self.clock.now()

        on_llm_new_token = solutions.FirstToken.on_llm_new_token

    says(lesson.first_token.check(Once), "several calls", "a call before")


def test_a_method_without_kwargs_is_named():
    class NoKwargs(Stopwatch):
        def on_llm_new_token(self, token):
            self.seconds = self.clock.now() - self.started

    says(lesson.first_token.check(NoKwargs), "TypeError", "unexpected keyword")


def test_a_stopwatch_that_is_no_handler_is_named():
    class Loose:
        def __init__(self, clock):
            self.seconds = None

    says(lesson.first_token.check(Loose), "a Loose", "BaseCallbackHandler")


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


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (NoBlanks, "begins with an empty line"),
        (ZeroIsNone, "0 s is a time, too: ask `self.seconds is None`"),
        (NothingBefore, "Before the first call the handler has no `.seconds`"),
        (OwnClock, "Nobody asked the clock: it is `self.clock.now()`"),
        (WrongWayRound, "not the other way round"),
        (HourOnTheClock, "is 100.5, and should be 0.5. That is the hour on the clock"),
        (MistypedEvent, "LangChain knows no event `on_llm_token`"),
    ],
)
def test_a_wrong_stopwatch_is_told_why(handler, words):
    says(lesson.first_token.check(handler), words)


# 2 · A log and a screen


def test_one_handler_may_do_both():
    class Both(BaseCallbackHandler):
        def __init__(self, update, log):
            self.update, self.log, self.count = update, log, 0

        def on_llm_new_token(self, token, *, chunk, **kwargs):
            if chunk.text:
                self.count += 1
                self.update(chunk.text)

        def on_llm_end(self, response, **kwargs):
            self.log(f"finished: {self.count} tokens")

        def on_llm_error(self, error, **kwargs):
            name = type(error).__name__
            self.log(f"failed after {self.count} tokens: {name}")

    answer = lesson.listeners.check(lambda update, log: [Both(update, log)])
    assert answer.outcome == "correct"


def test_functions_are_not_handlers():
    outcome = lesson.listeners.check(lambda update, log: [update, log])
    says(outcome, "a function", "BaseCallbackHandler")


def test_nothing_returned_is_named():
    def forgets(update, log):
        [on_token(update)]

    says(lesson.listeners.check(forgets), "gave None", "`return`")


def test_a_log_needs_its_line():
    outcome = lesson.listeners.check(lambda update, log: [on_token(update)])
    says(outcome, "the log got []", "finished: 3 tokens")


def with_log(update, log, ending="end", text=True):
    class Log(BaseCallbackHandler):
        count = 0

        def on_llm_new_token(self, token, *, chunk, **kwargs):
            self.count += bool(chunk.text) if text else 1

        def on_llm_end(self, response, **kwargs):
            log(f"finished: {self.count} tokens")

    return [on_token(update), Log()]


def test_a_failure_is_logged_too():
    outcome = lesson.listeners.check(with_log)
    says(outcome, "a break after two tokens", "the log got []", "failed after 2")


def test_empty_tokens_are_not_counted():
    outcome = lesson.listeners.check(lambda *both: with_log(*both, text=False))
    says(outcome, "finished: 3 tokens", "the log got ['finished: 7 tokens']")


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


@pytest.mark.parametrize(
    ("screen", "log", "words"),
    [
        (ScreenWithoutKwargs, Screen, "unexpected keyword argument 'run_id'"),
        (on_token, LogWithoutKwargs, "unexpected keyword argument 'run_id'"),
        (on_token, ErrorsWithoutKwargs, "unexpected keyword argument 'run_id'"),
        (on_token, LogWithATypo, "no attribute 'cuont'"),
        (on_token, LogOfNoEvent, "LangChain knows no event `on_llm_finish`"),
        (on_token, LogWithoutBlanks, "With a token that is an empty line"),
    ],
)
def test_a_slip_that_langchain_would_swallow_is_named(screen, log, words):
    says(lesson.listeners.check(lambda *to: [screen(to[0]), log(to[1])]), words)


def test_a_screen_shows_empty_lines_too():
    def listeners(update, log):
        return [NoBlankScreen(update), solutions.listeners(update, log)[1]]

    says(lesson.listeners.check(listeners), "an empty line", "'onetwo' in all")


def test_the_screen_gets_text_not_lists():
    class Screen(BaseCallbackHandler):
        def __init__(self, update):
            self.update = update

        def on_llm_new_token(self, token, **kwargs):
            if token:
                self.update(token)

    def raw(update, log):
        return [Screen(update), *solutions.listeners(lambda text: None, log)]

    says(lesson.listeners.check(raw), "tokens that are lists", "a list")


# 3 · An audit that cannot be skipped


def test_on_token_is_an_audit():
    assert lesson.audit.check(on_token).outcome == "correct"


class Writes(BaseCallbackHandler):
    def __init__(self, write):
        self.write = write

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text:
            self.write(chunk.text)


def test_a_swallowed_error_is_found():
    says(lesson.audit.check(Writes), "the reader read on", "Who swallowed the error?")


def test_an_async_audit_is_swallowed_all_the_same():
    class Async(AsyncCallbackHandler):
        raise_error = True

        def __init__(self, write):
            self.write = write

        async def on_llm_new_token(self, token, *, chunk, **kwargs):
            if chunk.text:
                self.write(chunk.text)

    says(lesson.audit.check(Async), "Who swallowed the error?")


def test_an_audit_of_empty_tokens_is_refused():
    class All(Writes):
        raise_error = True

        def on_llm_new_token(self, token, *, chunk, **kwargs):
            self.write(chunk.text)

    says(lesson.audit.check(All), "write got ''")


class SkipsBlanks(Writes):
    raise_error = True

    def on_llm_new_token(self, token, *, chunk, **kwargs):
        if chunk.text.strip():
            self.write(chunk.text)


def test_an_audit_records_empty_lines_too():
    says(lesson.audit.check(SkipsBlanks), "write got 'one twothree' in all")


def test_an_audit_of_an_unknown_event_is_named():
    class Typo(Writes):
        on_llm_token = Writes.on_llm_new_token
        on_llm_new_token = BaseCallbackHandler.on_llm_new_token

    says(lesson.audit.check(Typo), "knows no event `on_llm_token`")


def test_an_audit_after_the_answer_comes_too_late():
    class AtTheEnd(Writes):
        raise_error = True

        def on_llm_new_token(self, token, **kwargs):
            pass

        def on_llm_end(self, response, **kwargs):
            for word in response.generations[0][0].text.split():
                self.write(word)

    assert lesson.audit.check(AtTheEnd).outcome == "not yet"


def test_another_error_is_not_the_one_that_happened():
    class Renames(Writes):
        raise_error = True

        def on_llm_new_token(self, token, *, chunk, **kwargs):
            try:
                super().on_llm_new_token(token, chunk=chunk)
            except OSError:
                raise RuntimeError("no audit") from None

    says(lesson.audit.check(Renames), "a RuntimeError", "not its error")


# 4 · No e-mail address on the screen


class Words:
    """Another right answer: a word buffer holds back, the rest is one line."""

    def __init__(self):
        self.words = WordBuffer()

    def push(self, text):
        return lesson.EMAIL.sub("[e-mail]", self.words.push(text))

    def flush(self):
        return lesson.EMAIL.sub("[e-mail]", self.words.flush())


def test_a_word_buffer_may_hold_back():
    assert lesson.redact.check(Words).outcome == "correct"


def test_each_piece_alone_leaks():
    class NoLookBack:
        def push(self, text):
            return lesson.EMAIL.sub("[e-mail]", text)

        def flush(self):
            return ""

    says(lesson.redact.check(NoLookBack), "there is an address in it", "pieces of 1")


def test_holding_everything_is_no_stream():
    class Whole:
        def __init__(self):
            self.held = ""

        def push(self, text):
            self.held += text
            return ""

        def flush(self):
            rest, self.held = self.held, ""
            return lesson.EMAIL.sub("[e-mail]", rest)

    says(lesson.redact.check(Whole), "only '' had left")


def test_the_last_word_is_redacted_too():
    class RawFlush(Words):
        def flush(self):
            return self.words.flush()

    says(lesson.redact.check(RawFlush), "there is an address in it")


def test_the_last_word_is_not_lost():
    class NoFlush(Words):
        def flush(self):
            return ""

    says(lesson.redact.check(NoFlush), "Is something lost", "and should be 'Write to")


def test_a_missing_return_is_named():
    class NoReturn(Words):
        def push(self, text):
            self.words.push(text)

    says(lesson.redact.check(NoReturn), "push gave None", "`return`")


def test_what_is_flushed_is_not_held_any_more():
    class Twice(solutions.Redact):
        def flush(self):
            return lesson.EMAIL.sub("[e-mail]", self.held)

    says(lesson.redact.check(Twice), "A second flush")


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


@pytest.mark.parametrize(
    ("buffer", "words"),
    [
        (StripsTheRest, "a line break after."),
        (OtherLabel, "and should be 'Write to [e-mail] or to [e-mail].'"),
        (TooEarly, "It was replaced before the address had ended."),
        (SharesWhatItHolds, "They share what you hold: keep it on `self`."),
    ],
)
def test_a_wrong_buffer_is_told_why(buffer, words):
    says(lesson.redact.check(buffer), words)


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
