"""The exercises of notebook 6: right answers pass, wrong ones are told why."""

import asyncio
import re
from typing import Any, ClassVar

from langchain_core.language_models import BaseChatModel

from course_utils.callbacks import on_token
from course_utils.fake import FakeStreamingChatModel
from course_utils.lessons import inside_the_architecture as lesson
from course_utils.lessons.inside_the_architecture import solutions
from tests.lessons.answers.inside_the_architecture.at_work import (
    EchoByAnotherName,
    EchoBySums,
    EchoInSmallLetters,
    EchoOfLetters,
    EchoOfPairs,
    EchoOfSentences,
    EchoOnce,
    EchoSilentOnNothing,
    EchoThatRemembers,
    EchoWithTwoEnds,
    answers_the_first_word,
    asks_both,
    begins_anew,
    hides,
    hides_in_finally,
    hides_letter_by_letter,
    hides_on_a_shared_shelf,
    hides_one_behind,
    hides_what_broke,
    holds_the_loop,
    in_capitals,
    loses_line_breaks,
    naps,
    no_backup,
    one_timing_for_all,
    order_in_a_set,
    order_of_another_model,
    order_with_a_name_twice,
    parser_ends_before_the_model,
    plain_type,
    timed_twice,
    titled,
    with_a_plain_stage,
    with_a_store_made_outside,
    with_a_system_message,
)
from tests.lessons.answers.inside_the_architecture.chains import (
    EchoByHand,
    EchoForNothing,
    EchoInOnePiece,
    EchoOfAll,
    EchoOfMessages,
    EchoOfTheFirst,
    EchoThatEndsOften,
    EchoThatStopsShort,
    EchoWithoutEnd,
    EchoWithoutModelName,
    EchoWithoutName,
    EchoWithoutReasonAtOnce,
    EchoWithoutUsageAtOnce,
    all_at_once,
    another_chat,
    app_of,
    asks_at_once,
    bare_text,
    by_digits,
    by_sentences,
    deaf,
    gives_up_in_the_middle,
    holds_everything,
    in_one_lump,
    in_threads,
    loses_the_end,
    misspelt,
    no_buffer,
    no_cache,
    no_deadlines,
    only_the_backup,
    order_as_a_copy,
    order_as_a_stream_tells,
    order_without_ends,
    parser_waits_for_the_model,
    piece_by_piece,
    plain_chat,
    refuses,
    the_backup_first,
    uncalled,
    unmeasured,
    until_a_blank,
    watches_beside,
    whole_events,
    whole_numbers_only,
    word_by_word,
    words_too_late,
)
from tests.lessons.answers.inside_the_architecture.chats import (
    AllAtOnce,
    AsksInSmall,
    AsksTwice,
    BreaksOnTheUnknown,
    ByLambda,
    ChatStub,
    ChunksInTheStore,
    CountsNothing,
    CountsReaders,
    CountsStarts,
    DataAlone,
    FirstTry,
    FromTheBeginning,
    GoneWhenAway,
    HalfAChat,
    OneCounter,
    OneName,
    Returning,
    SilentOfTheUnknown,
    StopsBlindly,
    StopsNothing,
    Trusting,
    Unawaited,
    as_given,
    at_the_end,
    bare_pieces,
    by_another_key,
    by_kind,
    by_passages,
    collected,
    of_one_message,
    only_text,
    swallowing,
    text_first,
    whole_deltas,
)
from tests.support.exercise_rules import ExerciseRules, stub

EXERCISES = [
    lesson.both_live,
    lesson.chat,
    lesson.event_order,
    lesson.echo,
    lesson.hide_numbers,
    lesson.production_chat,
    lesson.production_app,
]


RIGHT = [
    (lesson.both_live, by_kind),
    (lesson.both_live, by_passages),
    (lesson.chat, ByLambda),
    (lesson.echo, EchoBySums),
    (lesson.hide_numbers, hides()),
    (lesson.hide_numbers, hides_letter_by_letter),
    (lesson.production_chat, with_a_plain_stage),
    (lesson.production_chat, with_a_store_made_outside),
    (lesson.production_chat, with_a_system_message),
    (lesson.production_app, app_of(titled)),
    (lesson.event_order, order_as_a_copy),
    (lesson.event_order, order_as_a_stream_tells),
    (lesson.echo, EchoByHand),
    (lesson.hide_numbers, by_digits),
    (lesson.production_chat, another_chat),
    (lesson.production_app, app_of(in_threads)),
]
WRONG = [
    (lesson.both_live, text_first, "you had not yielded it"),
    (lesson.both_live, only_text, "sent 'Well', and you never yielded it"),
    (lesson.both_live, by_another_key, "sent 'Well', and you never yielded it"),
    (lesson.both_live, collected, "had sent 'Well', and you had not yielded it"),
    (lesson.both_live, of_one_message, "Of a model that calls a tool first"),
    (lesson.both_live, swallowing, "was not told: let errors pass"),
    (lesson.both_live, whole_deltas, "the text is no string"),
    (lesson.both_live, bare_pieces, "a kind of ('thinking', 'text') and a text"),
    (lesson.both_live, at_the_end, "you never yielded it"),
    (lesson.chat, Unawaited, "`start` gave"),
    (lesson.chat, ChunksInTheStore, "what `sse_events` makes of the stream"),
    (lesson.chat, DataAlone, "`read` yields Events"),
    (lesson.chat, FirstTry, "the reader gets a ModelConnectionError"),
    (lesson.chat, HalfAChat, "`stop` is still"),
    (lesson.chat, GoneWhenAway, "When the store is away and the reader tries again"),
    (lesson.chat, Trusting, "the last event is `done`; it should be `cut`"),
    (
        lesson.chat,
        FromTheBeginning,
        "the reader saw some of it twice; it should be all",
    ),
    (lesson.chat, CountsReaders, "`ends` says {}"),
    (lesson.chat, CountsStarts, "`ends` says {'done': 1}; it should be {'error'"),
    (lesson.chat, CountsNothing, "`ends` says {}"),
    (lesson.chat, SilentOfTheUnknown, "the last event is `missing`"),
    (lesson.chat, BreaksOnTheUnknown, "long gone, the reader gets a TypeError"),
    (lesson.chat, AllAtOnce, "the reader saw nothing; it should be the first 5"),
    (lesson.chat, StopsNothing, "the model runs on"),
    (lesson.chat, StopsBlindly, "say whether there was one"),
    (lesson.chat, OneName, "Of two answers at once, the texts"),
    (lesson.chat, AsksTwice, "the model was asked 2 times"),
    (lesson.chat, AsksInSmall, "The model was asked"),
    (lesson.chat, Returning, "`read` gave a coroutine"),
    (lesson.chat, OneCounter, "`ends` says"),
    (lesson.chat, lambda ask, store: None, "Hand over the class"),
    (lesson.event_order, order_with_a_name_twice, "There are 9 names, got 10"),
    (lesson.event_order, parser_ends_before_the_model, "Right up to place 6"),
    (lesson.event_order, order_in_a_set, "a list of names"),
    (lesson.event_order, order_of_another_model, "3 missing"),
    (lesson.echo, EchoInSmallLetters, "the words: ["),
    (lesson.echo, EchoOnce, "the words"),
    (lesson.echo, EchoSilentOnNothing, "no chunk at all"),
    (lesson.echo, EchoOfPairs, "each word is a chunk"),
    (lesson.echo, EchoOfSentences, "The text came in one chunk"),
    (lesson.echo, EchoThatRemembers, "Two streams of one model at once"),
    (lesson.echo, EchoWithTwoEnds, "carries the reason and the usage, both"),
    (lesson.echo, EchoOfLetters, "`input_tokens` add up to"),
    (lesson.echo, EchoByAnotherName, "differ in the `model_name`"),
    (lesson.hide_numbers, hides("[0-9]"), "are the digits that you hide those you"),
    (lesson.hide_numbers, hides(least=6), "In one piece, the text"),
    (lesson.hide_numbers, hides(least=4), "the text"),
    (lesson.hide_numbers, hides(empty=False), "IndexError"),
    (lesson.hide_numbers, hides(end=False), "that ends in a number, the text"),
    (lesson.hide_numbers, hides_in_finally, "yielded once more"),
    (lesson.hide_numbers, hides_what_broke, "broke with a Broke"),
    (lesson.hide_numbers, hides_one_behind, "holds the stream back"),
    (lesson.hide_numbers, hides_on_a_shared_shelf, "Two at once"),
    (lesson.production_chat, no_backup, "ask `backup`"),
    (lesson.production_chat, asks_both, "`backup` was asked as well"),
    (lesson.production_chat, loses_line_breaks, "Of an odd answer, the text"),
    (lesson.production_chat, begins_anew, "shown twice or garbled"),
    (
        lesson.production_app,
        app_of(holds_the_loop),
        "The reader left, the model is 'finished'",
    ),
    (lesson.production_app, app_of(naps), "calls `time.sleep`"),
    (lesson.production_app, app_of(one_timing_for_all), "`timings` holds"),
    (lesson.production_app, app_of(timed_twice), "`timings` holds 14"),
    (lesson.production_app, app_of(plain_type), "browsers want text/event-stream"),
    (lesson.production_app, app_of(in_capitals), "all text came in one event"),
    (lesson.production_app, app_of(answers_the_first_word), "`question` was 'Köln"),
    (lesson.event_order, parser_waits_for_the_model, "Right up to place 3"),
    (lesson.event_order, order_without_ends, "3 missing"),
    (lesson.event_order, whole_events, "Only names"),
    (lesson.event_order, lambda: "on_chain_start", "a list of names"),
    (lesson.echo, EchoOfMessages, "yields an AIMessageChunk"),
    (lesson.echo, EchoInOnePiece, "one chunk"),
    (lesson.echo, EchoWithoutEnd, "finish_reason"),
    (lesson.echo, EchoThatEndsOften, "only the last one"),
    (lesson.echo, EchoWithoutModelName, "no `model_name`"),
    (lesson.echo, EchoThatStopsShort, "The `finish_reason`: 'length'"),
    (lesson.echo, EchoWithoutReasonAtOnce, "The finish reason of `invoke` is None"),
    (lesson.echo, EchoForNothing, "`input_tokens` add up to 0"),
    (lesson.echo, EchoOfTheFirst, "of three messages"),
    (lesson.echo, EchoOfAll, "of three messages"),
    (lesson.echo, EchoWithoutName, "the field `model: str`"),
    (lesson.echo, EchoWithoutUsageAtOnce, "`invoke` and `stream` differ in the usage"),
    (lesson.echo, EchoByHand(), "the class itself"),
    (lesson.hide_numbers, piece_by_piece, "Letter by letter, the text"),
    (lesson.hide_numbers, until_a_blank, "holds the stream back"),
    (lesson.hide_numbers, whole_numbers_only, "Of `id12345x`, the text: 'id12345x'"),
    (lesson.hide_numbers, word_by_word, "had read 1 of 4 pieces"),
    (lesson.hide_numbers, lambda chunks: list(chunks), "In one piece"),
    (lesson.hide_numbers, all_at_once, "write `yield`"),
    (lesson.hide_numbers, holds_everything, "holds the stream back"),
    (lesson.hide_numbers, loses_the_end, "that ends in a number, the text"),
    (
        lesson.production_chat,
        plain_chat,
        "its reader got a ModelAPIError: ask `backup`",
    ),
    (lesson.production_chat, no_deadlines, "still waiting"),
    (lesson.production_chat, gives_up_in_the_middle, "told so"),
    (lesson.production_chat, no_cache, "many asked the same"),
    (lesson.production_chat, no_buffer, "inside a word"),
    (lesson.production_chat, only_the_backup, "It never asked `model`"),
    (lesson.production_chat, the_backup_first, "It never asked `model`"),
    (lesson.production_chat, in_one_lump, "its reader had got 0"),
    (lesson.production_chat, by_sentences, "its reader had got 0"),
    (lesson.production_chat, words_too_late, "its reader had got 0"),
    (lesson.production_chat, asks_at_once, "return the chain"),
    (lesson.production_app, app_of(unmeasured), "`timings` holds 0"),
    (lesson.production_app, app_of(watches_beside), "the first timing"),
    (lesson.production_app, app_of(deaf), "`question` was 'Why'"),
    (lesson.production_app, app_of(misspelt), "no attribute 'awatch'"),
    (lesson.production_app, app_of(uncalled), "sse_response() needs a stream"),
    (lesson.production_app, app_of(refuses), "status 503"),
    (lesson.production_app, app_of(bare_text), "there came no event"),
    (lesson.production_app, app_of(unmeasured, path="/"), "status 404"),
    (lesson.production_app, lambda chat, timings: None, "return the app"),
]


class StubModel(BaseChatModel):
    model: str = "echo"

    @property
    def _llm_type(self) -> str:
        return "stub"

    def _stream(self, *given: Any, **more: Any) -> Any:
        raise NotImplementedError

    def _generate(self, *given: Any, **more: Any) -> Any:
        raise NotImplementedError


STUBS = [as_given, ChatStub, stub, StubModel, stub, stub, stub]


class TestExercises(ExerciseRules):
    exercises, right, wrong, stubs = EXERCISES, RIGHT, WRONG, STUBS
    repairs: ClassVar = [lesson.both_live]


def test_the_standard_suite_passes_a_good_model_and_names_what_a_bad_one_fails() -> (
    None
):
    good = lesson.standard_suite(FakeStreamingChatModel)
    assert (good.failed, good.passed > 30) == ((), True)
    bad = lesson.standard_suite(EchoWithoutEnd)
    assert "test_usage_metadata" in bad.failed


def test_the_cost_of_a_chunk_is_told_for_sync_and_async_streams() -> None:
    model = FakeStreamingChatModel(replies="One two three.")
    ways: Any = {
        "sync": lambda: model.stream("Hi"),
        "async": lambda: model.astream("Hi"),
    }
    rows = lesson.cost_per_chunk(ways).rows
    assert [name for name, _ in rows] == ["sync", "async"]
    assert all(re.fullmatch(r"[1-9]\d* µs", cost) for _, cost in rows)


async def test_the_bad_day_is_the_same_each_time() -> None:
    got = await lesson.score(plain_chat)
    *lines, times = repr(got).splitlines()
    assert lines == [
        " 23 whole",
        "  9 broken, and told so",
        "  3 cut, and not told",
        "  0 shown twice or garbled",
        "  5 still waiting after ten seconds",
        " 40 requests to the provider",
    ]
    assert times.startswith("first token: p50") and 0 < len(got.first_tokens) < 40


def test_a_store_made_outside_knows_nothing_of_the_next_check() -> None:
    for _ in range(2):
        outcome = lesson.production_chat.check(with_a_store_made_outside)
        assert outcome.outcome == "correct"


def test_handlers_hear_each_word_of_the_solution_once_and_none_in_invoke() -> None:
    heard: list[str] = []
    with_handler: Any = {"callbacks": [on_token(heard.append)]}
    solutions.Echo().invoke("one two", with_handler)
    assert heard == []
    list(solutions.Echo().stream("one two", with_handler))
    assert "".join(heard).split() == ["one", "two"]


async def test_the_bad_day_of_a_chat_is_told_reader_by_reader() -> None:
    good = await lesson.bad_day(solutions.Chat)
    told = {row[0]: row[1:] for row in good.rows}
    assert told["the worker is killed"] == (
        *("the first 5", "5", "stopped", "error", "error"),
    )
    first = await lesson.bad_day(FirstTry)
    assert first.rows[3][1:3] == ("some of it twice", "14")
    assert [row[4] for row in first.rows].count("–") == 4
    assert max(map(len, repr(first).splitlines())) <= 80


async def test_a_loop_has_threads_for_others_after_a_score() -> None:
    await lesson.score(plain_chat)
    assert await asyncio.to_thread(len, "abc") == 3
