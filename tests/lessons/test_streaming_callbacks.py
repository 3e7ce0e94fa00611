"""The exercises of notebook 3 tell right answers from wrong ones, and say why."""

import logging
import re

from course_utils.callbacks import on_token
from course_utils.clock import course_clock
from course_utils.lessons import streaming_callbacks as lesson
from course_utils.lessons.streaming_callbacks import solutions
from course_utils.teaching import Predict
from tests.lessons.answers.streaming_callbacks import (
    All,
    Async,
    AtTheEnd,
    ErrorsWithoutKwargs,
    EveryToken,
    HourOnTheClock,
    LastToken,
    LogOfNoEvent,
    LogWithATypo,
    LogWithoutBlanks,
    LogWithoutKwargs,
    Loose,
    MistypedEvent,
    NoBlanks,
    NoBlankScreen,
    NoFlush,
    NoKwargs,
    NoLookBack,
    NoReturn,
    NothingBefore,
    Once,
    OtherLabel,
    OwnClock,
    RawFlush,
    RawScreen,
    Recorded,
    Renames,
    RightLog,
    Screen,
    ScreenWithoutKwargs,
    SharesWhatItHolds,
    SkipsBlanks,
    StripsTheRest,
    StubBuffer,
    StubHandler,
    TokenIsTrue,
    TooEarly,
    Twice,
    Typo,
    Whole,
    Words,
    Writes,
    WrongWayRound,
    ZeroIsNone,
    bare_functions,
    counts_empty_tokens,
    forgets_return,
    never_tells_of_a_failure,
    one_for_both,
    only_a_screen,
    two,
)
from tests.lessons.answers.streaming_callbacks_at_work import (
    AsciiAddresses,
    AsText,
    AtTheEndOnly,
    ByContent,
    ByEvents,
    ByPartition,
    CountsCalls,
    CountsForAll,
    CountsWords,
    ForgetsWhenItBreaks,
    FromTheBirth,
    LogOfErrorsOnly,
    LogOfModelErrors,
    LogOfTheChain,
    OnceOnly,
    OneLate,
    OneWordLate,
    OnlyTheDisk,
    ScreenAtTheEnd,
    ScreenOneLate,
    ScreenWithoutRepeats,
    SixtyFour,
    SmallLetters,
    SplitsAndJoins,
    StartedForAll,
    StrippedScreen,
    TriesAgain,
    WritesBlocks,
    WritesForAll,
    WritesLower,
    WritesThoughts,
    with_a_list,
)
from tests.support.exercise_rules import ExerciseRules, stub

EXERCISES = [lesson.first_token, lesson.listeners, lesson.audit, lesson.redact]


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
