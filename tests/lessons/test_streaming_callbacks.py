"""The exercises of notebook 3 tell right answers from wrong ones, and say why."""

import gc
import inspect
import logging
import re
from typing import Any, ClassVar

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langgraph.checkpoint.memory import InMemorySaver

from course_utils.callbacks import on_token
from course_utils.clock import course_clock
from course_utils.fake import FakeStreamingChatModel, Reply, ToolCall
from course_utils.lessons import streaming_callbacks as lesson
from course_utils.lessons.streaming_callbacks import solutions
from course_utils.teaching import Predict
from tests.lessons.answers.streaming_callbacks import agents, calls
from tests.lessons.answers.streaming_callbacks.at_work import (
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
from tests.lessons.answers.streaming_callbacks.handlers import (
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
from tests.support.exercise_rules import ExerciseRules, stub

EXERCISES = [
    lesson.first_token,
    lesson.by_run,
    lesson.outbox,
    lesson.listeners,
    lesson.audit,
    lesson.redact,
    lesson.read_parts,
    lesson.report,
    lesson.spent,
]


def reads(text_of):
    """An answer that takes this for the agent's text; named after it."""
    return named(agents.reads(text_of), text_of)


def asks(question_of):
    """An answer that takes this for the agent's question."""
    return named(agents.reads(agents.own_text, question_of), question_of)


def named(answer, part):
    answer.__name__ = part.__name__
    return answer


RIGHT = [
    (lesson.first_token, ByEvents),
    (lesson.listeners, with_a_list),
    (lesson.audit, WritesBlocks),
    (lesson.redact, ByPartition),
    (lesson.first_token, Recorded),
    (lesson.listeners, one_for_both),
    (lesson.audit, on_token),
    (lesson.redact, Words),
    (lesson.by_run, calls.WrittenOut),
    (lesson.by_run, calls.ByNumber),
    (lesson.outbox, calls.InPool),
    (lesson.outbox, calls.StartsLate),
    (lesson.read_parts, agents.by_passages),
    (lesson.report, agents.with_else),
    (lesson.spent, agents.by_adding),
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
    (lesson.audit, TriesAgain, "What swallowed the error?"),
    (lesson.audit, OnlyTheDisk, "What swallowed the error?"),
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
    (lesson.first_token, Once, "of an earlier call"),
    (lesson.first_token, NoKwargs, "unexpected keyword"),
    (lesson.first_token, Loose, "a Loose as a handler"),
    (lesson.first_token, NoBlanks, "begins with an empty line"),
    (lesson.first_token, ZeroIsNone, "0 s is a time, too: ask `self.seconds is None`"),
    (lesson.first_token, NothingBefore, "the handler has no `.seconds`"),
    (lesson.first_token, OwnClock, "Its clock was never asked"),
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
    (lesson.audit, Async, "What swallowed the error?"),
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
    (lesson.by_run, calls.OneStart, "Keep a start for each `run_id`"),
    (lesson.by_run, calls.OnlyWholeCalls, "Which event ends a call that breaks"),
    (lesson.by_run, calls.KeepsStarts, "`starts` still holds 50 of them"),
    (lesson.by_run, calls.KeepsBrokenStarts, "`starts` still holds 25 of them"),
    (lesson.by_run, calls.OneMethodForBoth, "give it a method of its own"),
    (lesson.by_run, calls.LastInFirstOut, "After two calls that overlap"),
    (lesson.by_run, calls.FirstInFirstOut, "begins and ends within another"),
    (lesson.by_run, calls.ByPrompt, "Keep a start for each `run_id`"),
    (lesson.by_run, calls.ByParent, "It raised `KeyError`"),
    (lesson.by_run, calls.StartsOfAll, "It raised `KeyError`"),
    (lesson.by_run, calls.TimesByRun, "`.times` is a dict: a list is wanted."),
    (lesson.by_run, calls.InTheirOrder, "in the order in which the calls ended"),
    (lesson.by_run, calls.TwoTimes, "One call, one time"),
    (lesson.outbox, calls.DrawsItself, "Give the text to the queue."),
    (lesson.outbox, calls.NeverStarts, "cannot join thread before it is started"),
    (lesson.outbox, calls.WaitsForNothing, "The call does not end"),
    (lesson.outbox, calls.DrawsAtTheEnd, "Give the text to the queue."),
    (lesson.outbox, calls.DoesNotWait, "what waits for the thread"),
    (lesson.outbox, calls.ForgetsErrors, "With a break after two tokens"),
    (lesson.outbox, calls.JoinsTheQueue, "what tells it to end?"),
    (lesson.outbox, calls.ThreadForEachToken, "one thread keeps the order"),
    (lesson.outbox, calls.PutsTokens, "the text of every token is `chunk.text`"),
    (lesson.outbox, calls.PutsEmptyTexts, "draw got '' as well"),
    (lesson.outbox, calls.EmptyIsTheSign, "With tokens that are lists"),
    (lesson.outbox, calls.SharedQueue, "what do the two handlers share?"),
    (lesson.outbox, calls.LastInFirstDrawn, "draw got ' three twoone' in all"),
    (lesson.outbox, calls.SmallQueue, "does the queue have room?"),
    (lesson.read_parts, reads(agents.with_results), "it is no AIMessageChunk"),
    (lesson.read_parts, reads(agents.with_clerks), "an `ns` that is not empty"),
    (lesson.read_parts, reads(agents.with_steps), "It is in it twice"),
    (lesson.read_parts, reads(agents.stripped), "the text is 'Twowords'"),
    (lesson.read_parts, reads(agents.content), "expected str instance, list found"),
    (lesson.read_parts, asks(agents.first_interrupt), "`.value` of the first"),
    (lesson.read_parts, asks(agents.all_interrupts), "`.value` of the first"),
    (lesson.read_parts, asks(agents.only_actions), "With a question to a person"),
    (lesson.read_parts, asks(agents.no_question), "the question is None"),
    (lesson.read_parts, agents.zero_is_none, "a question that is the number 0"),
    (lesson.read_parts, agents.stops_at_a_step, "a tool that ran before"),
    (lesson.read_parts, agents.swallows, "let the error through"),
    (lesson.read_parts, agents.only_text, "a pair is wanted, (text, question)"),
    (lesson.report, agents.always_writes, "Called by itself, there is no stream"),
    (lesson.report, agents.only_runtime_errors, "raised a KeyError"),
    (lesson.report, agents.only_key_errors, "raised a RuntimeError"),
    (lesson.report, agents.swallows_all, "The stream's writer raised a Broke"),
    (lesson.report, agents.all_in_one_block, "raised a RuntimeError, and report(1, 1)"),
    (lesson.report, agents.prints, "Nothing was written."),
    (lesson.report, agents.as_text, "gave ['1 of 3', '2 of 3', '3 of 3']"),
    (lesson.report, agents.the_other_way, "gave [{'done': 3, 'of': 1}"),
    (lesson.report, agents.only_the_last, "gave [{'done': 3, 'of': 3}]"),
    (lesson.report, agents.first_writer, "In an agent (a second time)"),
    (lesson.spent, agents.in_all, "A list is wanted"),
    (lesson.spent, agents.only_those_who_say, "With a model that does not say"),
    (lesson.spent, agents.the_last_part, "that tells it in two parts"),
    (lesson.spent, agents.free_if_silent, "that does not say is not free: None"),
    (lesson.spent, agents.zero_is_silent, "With an answer of no token"),
    (lesson.spent, agents.tools_too, "Tools are free"),
    (lesson.spent, agents.one_for_each_chunk, "One answer, one number"),
    (lesson.spent, agents.until_the_next, "With two models that take turns"),
    (lesson.spent, agents.without_doubles, "two answers that cost the same"),
    (lesson.spent, agents.swallowed_cost, "Every answer of the model has its place"),
]
STUBS = [
    StubHandler,
    calls.OneStart,
    StubHandler,
    stub,
    StubHandler,
    StubBuffer,
    *[stub] * 3,
]


class TestExercises(ExerciseRules):
    exercises, right, wrong, stubs = EXERCISES, RIGHT, WRONG, STUBS
    repairs: ClassVar = [lesson.by_run]


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
    guesses = [one for one in vars(lesson).values() if isinstance(one, Predict)]
    assert len(guesses) >= 6
    for question in [*guesses, *lesson.quiz.questions]:
        assert all(option and why for option, why in question.options.values())


# The parts and pairs of the checks are written by hand: real ones are read alike.


def test_the_parts_of_a_real_agent_are_read_as_those_of_the_check():
    parts = refunds().stream(
        {"messages": [("user", "Where is my money?")]},
        {"configurable": {"thread_id": "1"}},
        stream_mode=["messages", "updates", "custom"],
        subgraphs=True,
        version="v2",
    )
    text, question = solutions.read_parts(parts)
    assert text == "I look. I pay 40."
    assert question["action_requests"][0]["args"] == {"amount": 40}


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [(lesson.outbox, calls.SharedQueue), (lesson.first_token, StartedForAll)],
    ids=["outbox", "first_token"],
)
def test_a_check_that_fails_with_two_calls_open_leaves_no_stream_to_be_closed_later(
    exercise, answer
):
    """Python would close it on any thread, and a wrong handler may wait there."""
    before = {id(stream) for stream in suspended()}
    assert exercise.check(answer).outcome == "not yet"
    assert [stream for stream in suspended() if id(stream) not in before] == []


def suspended() -> list[Any]:
    """The models' streams that are open and that nothing reads just now."""
    streams = [one for one in gc.get_objects() if inspect.isgenerator(one)]
    return [
        stream
        for stream in streams
        if stream.__qualname__ == "BaseChatModel.stream"
        and inspect.getgeneratorstate(stream) == inspect.GEN_SUSPENDED
    ]


def test_the_bill_of_a_real_agent_has_a_number_for_each_answer():
    stream = refunds(checkpointer=None, middleware=()).stream(
        {"messages": [("user", "Where is my money?")]}, stream_mode="messages"
    )
    assert [type(total) for total in solutions.spent(stream)] == [int, int, int]


def refunds(**options):
    """An agent that asks another one, and then wants to pay."""
    clerk = create_agent(FakeStreamingChatModel("Ten days late."), [])

    def look_up(order: str) -> str:
        """Ask the clerk."""
        said = clerk.invoke({"messages": [("user", order)]})
        return str(said["messages"][-1].text)

    def pay(amount: int) -> str:
        """Pay money back."""
        return f"paid {amount}"

    steps = [
        Reply("I look. ", tool_calls=[ToolCall("look_up", {"order": "A7"})]),
        Reply("I pay 40.", tool_calls=[ToolCall("pay", {"amount": 40})]),
        "Done.",
    ]
    asks_first = [HumanInTheLoopMiddleware({"pay": True})]
    settings = {"middleware": asks_first, "checkpointer": InMemorySaver(), **options}
    return create_agent(FakeStreamingChatModel(steps), [look_up, pay], **settings)
