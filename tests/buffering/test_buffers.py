import asyncio
from functools import reduce
from itertools import accumulate, product
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.utils import message_chunk_to_message
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableGenerator

from course_utils.buffering import (
    SentenceBuffer,
    SizeBuffer,
    Throttle,
    WordBuffer,
    buffered,
)
from course_utils.clock import VirtualClock
from course_utils.fake import FakeStreamingChatModel
from course_utils.fake.server import FakeServer
from tests.support.callers import chat

clock = VirtualClock()
KINDS = {
    "words": WordBuffer,
    "sentences": SentenceBuffer,
    "size": lambda: SizeBuffer(5),
    "throttle": lambda: Throttle(0.1, clock),
}
every_buffer = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())

MARKS = "、。，！？；：｡､་།༎၊။។៕"  # of scripts that put no spaces between words

# Any Unicode, and text that looks like prose, with all that ends words and sentences.
pieces = st.lists(st.text() | st.text(alphabet="ab. \n!?。、)\"'1\u0301", max_size=8))


@every_buffer
@given(pieces)
def test_whatever_the_chunking_nothing_is_lost_or_changed(make, texts):
    buffer = make()
    out = []
    for text in texts:
        clock.advance(0.04)
        out.append(buffer.push(text))
    out.append(buffer.flush())

    assert "".join(out) == "".join(texts)
    assert buffer.flush() == "", "flush leaves nothing behind"


@given(pieces)
def test_each_word_comes_out_whole(texts):
    buffer = WordBuffer()
    for text in texts:
        ready = buffer.push(text)
        assert not ready or ready[-1].isspace() or ready[-1] in MARKS


@given(st.text(alphabet="ab. \n!?。、1)।؟"), st.data())
def test_sentences_end_in_the_same_places_whatever_the_chunking(text, data):
    def ends(chunks):
        buffer = SentenceBuffer()
        return set(accumulate(len(buffer.push(chunk)) for chunk in chunks))

    cut = data.draw(st.integers(0, len(text)))
    by_letter = ends(text) | {0}
    assert ends([text]) <= by_letter
    assert max(ends([text[:cut], text[cut:]])) == max(by_letter)


SHORT = map("".join, product("b. 、。།1)\n", repeat=5))


def test_an_initial_ends_no_sentence_whatever_mark_it_stands_behind():
    for text in SHORT:
        buffer = SentenceBuffer()
        by_letter = [0, *accumulate(len(buffer.push(letter)) for letter in text)]
        assert len(SentenceBuffer().push(text)) in by_letter, text


def sentences(text):
    """The sentences that come out if the text comes letter by letter."""
    buffer = SentenceBuffer()
    return [out for out in [*map(buffer.push, text), buffer.flush()] if out]


@pytest.mark.parametrize(
    "parts",
    [
        ["One. ", "Two! ", "Three?"],
        ["It costs 3.14 euros. ", "Fine."],
        ["Use a buffer, e.g. this one. ", "Or i.e. that."],
        ["Ask Dr. Smith or J. R. Smith. ", "Soon."],
        ['He said "Stop." ', "(She did.) ", "Then **bold.** ", "End"],
        ["# Title\n", "1. First\n", "2. Second. ", "It was in 2026. ", "Then"],
        ["Wait… ", "what?! ", "Yes"],
        ["流れは水。", "文です！", "終"],
        ["v1.2.3 of example.com/a.b is out. ", "Go"],
    ],
)
def test_sentences_come_out_one_by_one(parts):
    assert sentences("".join(parts)) == parts


@pytest.mark.parametrize(
    "parts",
    [
        ["यह एक है। ", "यह दो है? ", "हाँ"],
        ["एक।दो॥ ", "तीन।", "चार "],  # without a space: with the next word
        ["یہ ایک ہے۔ ", "کیا یہ دو ہے؟ ", "جی"],
        ["هل هذا واحد؟ ", "نعم! ", "لا؟! ", "ربما"],
        ["«هذا واحد؟» ", "نعم"],
        ["“यह एक है।” ", "अच्छा"],
        ["これは一。", "これは二！", "三？", "四｡", "五"],
        ["ཁྱེད་རང་གི་མིང་།", "ང་"],
        ["ဒါက တစ်။", "ဒါက နှစ်။", "သုံး"],
        ["នេះគឺមួយ។", "នេះគឺពីរ៕", "បី"],
        ["ይህ አንድ ነው። ", "ይህ ሁለት ነው፧ ", "ሦስት"],
        ["Սա մեկն է։ ", "Երկու"],
        ["3.14 ₹ और 2.5 है। ", "ठीक"],
        ["Really‽ ", "Yes"],
    ],
)
def test_sentences_end_in_the_worlds_scripts(parts):
    assert sentences("".join(parts)) == parts


FULL_STOPS = "।॥۔؟。！？｡።፧։།༎။។៕꯫᱾܀܂᠃"


@pytest.mark.parametrize("mark", FULL_STOPS)
def test_an_answer_is_not_held_to_its_end_whatever_script_it_is_in(mark):
    buffer = SentenceBuffer()
    assert buffer.push(f"ab cd{mark} ef gh{mark} ij").endswith((mark, f"{mark} "))
    assert buffer.flush().strip() == "ij"


def test_an_unknown_abbreviation_ends_a_sentence_too_early():
    assert sentences("See Abb. 3 there.") == ["See Abb. ", "3 there."]


def test_a_size_buffer_never_cuts_a_piece():
    buffer = SizeBuffer(3)
    assert [buffer.push(text) for text in ["ab", "cdef", "g"]] == ["", "abcdef", ""]


def test_a_throttle_sends_the_first_piece_at_once_and_then_at_most_every_interval():
    clock = VirtualClock(time=7)
    throttle = Throttle(0.1, clock)
    sent = []
    for letter in "abcdefgh":
        sent.append(throttle.push(letter))
        clock.advance(0.04)

    assert sent == ["a", "", "", "bcd", "", "", "efg", ""]
    assert throttle.flush() == "h"


@pytest.mark.parametrize("wrong", [lambda: SizeBuffer(0), lambda: Throttle(-1)])
def test_a_senseless_size_is_refused_with_a_next_step(wrong):
    with pytest.raises(ValueError, match=r"needs .*, got -?\d: try"):
        wrong()


# The stage


async def run(stage, chunks, how):
    """Send chunks through a stage; return what came out and the error, if any."""

    def source(_):
        for chunk in chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    async def asource(inputs):
        async for _ in inputs:
            for chunk in source(None):
                yield chunk

    chain = RunnableGenerator(source, asource) | stage
    out = []
    try:
        if how == "sync":
            for item in chain.stream("go"):
                out.append(item)
        else:
            async for item in chain.astream("go"):
                out.append(item)
    except ConnectionError as error:
        return out, error
    return out, None


both = pytest.mark.parametrize("how", ["sync", "async"])


@both
async def test_text_streams_through_a_chain(how):
    chunks = ["Strea", "ming ", "is", " fun"]
    out, _ = await run(buffered(WordBuffer), chunks, how)
    assert out == ["Streaming ", "is ", "fun"]


@both
async def test_what_is_held_comes_before_the_error(how):
    chunks = ["Half a", " sente", ConnectionError("reset")]
    out, error = await run(buffered(SentenceBuffer), chunks, how)
    assert out == ["Half a sente"]
    assert str(error) == "reset"


def text_chunk(text):
    return AIMessageChunk(content=text, id="run-1")


USAGE = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
CALL = {"name": "pay", "args": '{"x": 1}', "id": "c1", "index": 0}
AS_OPENAI = [
    text_chunk(""),
    text_chunk("Strea"),
    text_chunk("ming is"),
    text_chunk(" fun"),
    AIMessageChunk("", id="run-1", response_metadata={"finish_reason": "stop"}),
    AIMessageChunk("", id="run-1", usage_metadata=USAGE),
    AIMessageChunk("", id="run-1", chunk_position="last"),
]


@both
async def test_messages_stay_messages_and_the_finish_comes_last(how):
    out, _ = await run(buffered(WordBuffer), AS_OPENAI, how)

    assert [chunk.text for chunk in out] == ["", "Streaming ", "is ", "fun", "", ""]
    assert {chunk.id for chunk in out} == {"run-1"}
    assert out[3].response_metadata == {"finish_reason": "stop"}
    assert out[4].usage_metadata == USAGE
    assert reduce(add, out) == reduce(add, AS_OPENAI)


@both
async def test_a_tool_call_passes_at_once_and_after_the_text_before_it(how):
    chunks = [
        text_chunk("Let me"),
        AIMessageChunk("", id="run-1", tool_call_chunks=[CALL]),
        AIMessageChunk("", id="run-1", chunk_position="last"),
    ]
    out, _ = await run(buffered(SentenceBuffer), chunks, how)

    assert out[0].text == "Let me"
    assert out[0].tool_call_chunks[0]["name"] == "pay"
    assert reduce(add, out).tool_calls == reduce(add, chunks).tool_calls


def blocks(text, index=0):
    block = {"type": "text", "text": text, "index": index}
    return AIMessageChunk(content=[block], id="run-1")


@both
async def test_text_in_content_blocks_is_buffered_in_its_block(how):
    thought = {"type": "reasoning", "reasoning": "hm", "index": 0}
    chunks = [
        AIMessageChunk(content=[thought], id="run-1"),
        *[blocks(text, 1) for text in ["Strea", "ming is", " fun."]],
        *[blocks(text, 2) for text in ["Two ", "blocks"]],
    ]
    out, _ = await run(buffered(SentenceBuffer), chunks, how)

    assert [chunk.text for chunk in out] == ["", "Streaming is fun.", "Two blocks"]
    assert reduce(add, out).content == reduce(add, chunks).content


@both
async def test_a_restart_comes_after_the_text_it_takes_back(how):
    again = AIMessageChunk("", id="run-2", response_metadata={"restart": True})
    chunks = [text_chunk("old"), again, AIMessageChunk("new one", id="run-2")]
    out, _ = await run(buffered(WordBuffer), chunks, how)
    assert [chunk.text for chunk in out] == ["old", "", "new ", "one"]
    assert out[1] == again


@st.composite
def answers(draw):
    """Chunks as providers send them: text, and cargo anywhere."""
    cargo = [
        {},
        {},
        {"usage_metadata": USAGE},
        {"response_metadata": {"model_provider": "openai"}},
        {"response_metadata": {"finish_reason": "stop"}},
        {"additional_kwargs": {"seen": "x"}},
        {"tool_call_chunks": [CALL]},
    ]
    part = st.tuples(st.text("ab. \n", max_size=6), st.sampled_from(cargo))
    parts = draw(st.lists(part, min_size=1, max_size=12))
    return [AIMessageChunk(content=text, id="run-1", **more) for text, more in parts]


@every_buffer
@given(chunks=answers())
def test_the_sum_of_the_chunks_stays_the_same(make, chunks):
    out = list(buffered(make).transform(iter(chunks)))
    assert reduce(add, out) == reduce(add, chunks)


@both
async def test_other_items_pass_after_the_text_before_them(how):
    out, _ = await run(buffered(WordBuffer), ["a", {"event": 1}, "b", "c"], how)
    assert out == ["a", {"event": 1}, "bc"]


@both
async def test_a_parser_may_follow(how):
    stage = buffered(WordBuffer) | StrOutputParser()
    out, _ = await run(stage, AS_OPENAI, how)
    assert [text for text in out if text] == ["Streaming ", "is ", "fun"]


def test_each_stream_gets_a_buffer_of_its_own():
    stage = buffered(SizeBuffer, size=3)
    one, two = stage.transform(iter(["a", "b", "c"])), stage.transform(iter(["xyz"]))
    assert list(two) == ["xyz"]
    assert list(one) == ["abc"]


def test_a_whole_answer_passes_unchanged():
    assert buffered(WordBuffer).invoke("a whole answer") == "a whole answer"


def test_leaving_early_closes_the_source():
    closed = []

    def source():
        try:
            yield from ["a ", "b ", "c "]
        finally:
            closed.append(True)

    stream = buffered(WordBuffer).transform(source())
    next(stream)
    stream.close()
    assert closed


async def test_leaving_an_async_stream_early_closes_the_source():
    closed = []

    async def source():
        try:
            for text in ["a ", "b ", "c "]:
                yield text
        finally:
            closed.append(True)

    stream = buffered(WordBuffer).atransform(source())
    await anext(stream)
    await stream.aclose()
    assert closed


def test_a_buffer_instead_of_a_class_is_refused_with_the_next_step():
    with pytest.raises(TypeError, match=r"got a SizeBuffer: .*buffered\(SizeBuffer, "):
        buffered(SizeBuffer(4))
    with pytest.raises(TypeError, match=r"got a int: .*SentenceBuffer"):
        buffered(4)


def test_a_buffer_is_made_with_the_options_that_stand_beside_it():
    stage = buffered(SizeBuffer, size=3)
    assert list(stage.transform(iter(["ab", "cd", "e"]))) == ["abcd", "e"]
    assert list(stage.transform(iter(["ab"]))) == ["ab"], "each stream has its own"
    assert repr(stage) == "buffered(SizeBuffer, size=3)"
    clock = VirtualClock()
    paced = buffered(Throttle, seconds=1.0, clock=clock)
    assert repr(paced) == "buffered(Throttle, seconds=1.0, clock=VirtualClock())"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"sise": 80}, "SizeBuffer.* got sise=.*write size="),
        ({"size": "80"}, "SizeBuffer.size=.* got '80'"),
        ({"size": 0}, "got 0"),
    ],
)
def test_a_wrong_option_of_a_buffer_is_told_where_it_is_written(wrong, told):
    with pytest.raises((TypeError, ValueError), match=told):
        buffered(SizeBuffer, **wrong)


def test_a_buffer_that_forgot_to_return_is_told_so():
    class Forgot:
        def push(self, text):
            pass

        def flush(self):
            return ""

    with pytest.raises(TypeError, match=r"push.* returns text, got NoneType: return"):
        list(buffered(Forgot).transform(iter(["a"])))


# Whole answers: what stream hides, invoke hides


class Hide:
    """Hides a word, wherever chunks cut it."""

    def __init__(self):
        self.held = ""

    def push(self, text):
        self.held += text
        return ""

    def flush(self):
        shown, self.held = self.held.replace("secret", "***"), ""
        return shown


hidden = "Top secret: it rains. Then some."
EVERY_BUFFER = {**KINDS, "hide": Hide}
every_kind = pytest.mark.parametrize("make", EVERY_BUFFER.values(), ids=EVERY_BUFFER)


@every_kind
@given(
    texts=st.lists(st.sampled_from(["sec", "ret", ". ", "a\n", "é", ""]), max_size=9)
)
def test_invoke_equals_the_joined_stream(make, texts):
    streamed = "".join(buffered(make).transform(iter(texts)))
    assert buffered(make).invoke("".join(texts)) == streamed


@every_kind
@given(
    texts=st.lists(
        st.tuples(st.sampled_from([0, 0, 1]), st.sampled_from(["sec", "ret ", "x."])),
        max_size=9,
    )
)
def test_invoke_of_blocks_equals_the_joined_stream(make, texts):
    chunks = [blocks(text, index) for index, text in sorted(texts, key=lambda t: t[0])]
    chunks.append(AIMessageChunk([], id="run-1", chunk_position="last"))
    streamed = reduce(add, buffered(make).transform(iter(chunks)))
    whole = message_chunk_to_message(reduce(add, chunks))
    assert buffered(make).invoke(whole).content == streamed.content


CALLS = [
    ("invoke", lambda chain: chain.invoke("go")),
    ("ainvoke", lambda chain: asyncio.run(chain.ainvoke("go"))),
    ("batch", lambda chain: chain.batch(["go"])[0]),
    ("abatch", lambda chain: asyncio.run(chain.abatch(["go"]))[0]),
]


@pytest.mark.parametrize("call", [call for _, call in CALLS], ids=dict(CALLS))
@pytest.mark.parametrize("parse", [True, False], ids=["text", "message"])
def test_every_way_to_ask_runs_the_buffer(call, parse):
    model = FakeStreamingChatModel(replies=[hidden])
    chain = (model | StrOutputParser() if parse else model) | buffered(Hide)
    said = [call(chain), reduce(add, chain.stream("go"))]
    texts = [one if parse else one.text for one in said]
    assert texts == ["Top ***: it rains. Then some."] * 2


def test_what_is_no_text_of_a_whole_message_stays():
    tools = [{"name": "pay", "args": {}, "id": "c1", "type": "tool_call"}]
    thought = {"type": "reasoning", "reasoning": "secret"}
    message = AIMessage([thought, "a secret"], tool_calls=tools, usage_metadata=USAGE)
    shown = buffered(Hide).invoke(message)
    assert shown.content == [thought, "a ***"]
    assert (shown.tool_calls, shown.usage_metadata) == (tools, USAGE)


def test_a_message_that_came_whole_is_buffered_in_a_stream_too():
    model = FakeStreamingChatModel(replies=[hidden], disable_streaming=True)
    (message,) = (model | buffered(Hide)).stream("go")
    assert "secret" not in message.text


def test_several_blocks_in_one_chunk_are_buffered_each():
    two = [{"type": "text", "text": "a secret", "index": 0}, "and a secret"]
    out = list(buffered(Hide).transform(iter([AIMessageChunk(two, id="run-1")])))
    assert reduce(add, out).text == "a ***and a ***"


@pytest.mark.parametrize("last", ["", []])
def test_what_is_held_of_a_block_stays_a_block(last):
    end = AIMessageChunk(last, id="run-1", response_metadata={"status": "completed"})
    chunks = [blocks("One. Tw"), blocks("o."), end]
    out = list(buffered(SentenceBuffer).transform(iter(chunks)))
    assert reduce(add, out).content == [
        {"type": "text", "text": "One. Two.", "index": 0}
    ]
    assert reduce(add, out) == reduce(add, chunks)


@every_kind
@pytest.mark.parametrize("version", [None, "v1", "v0", "responses/v1"])
def test_the_next_request_has_the_buffered_answer(make, version):
    with FakeServer([hidden, "Yes."]) as server:
        model = chat(server, use_responses_api=True, output_version=version)
        chain = model | buffered(make)
        answer = reduce(add, chain.stream("Hi"))
        model.invoke([("user", "Hi"), answer, ("user", "Sure?")])
        sent = server.log[-1].request.messages[1]
    assert sent.text == answer.text
    assert answer.text == hidden.replace("secret", "***" if make is Hide else "secret")


# Two voices in one stream: what each said passes its own buffer


def voices(*said):
    return [AIMessageChunk(text, id=voice) for voice, text in said]


def texts_of(chunks):
    texts = {}
    for one in chunks:
        texts[one.id] = texts.get(one.id, "") + one.text
    return texts


@both
async def test_two_messages_in_turn_have_a_buffer_each(how):
    chunks = [
        *voices(("a", "My sec"), ("b", "A se"), ("a", "ret. "), ("b", "cret too")),
        AIMessageChunk("", id="a", response_metadata={"finish_reason": "stop"}),
        *voices(("b", " I say")),
    ]
    out, _ = await run(buffered(Hide), chunks, how)
    assert texts_of(out) == {"a": "My ***. ", "b": "A *** too I say"}
    assert [one.id for one in out] == ["a", "b"], "who has finished is told at once"


@both
async def test_a_restart_of_one_message_lets_nothing_of_another_out(how):
    again = AIMessageChunk("", id="a", response_metadata={"restart": True})
    chunks = [*voices(("a", "Old"), ("b", "A se")), again]
    chunks += voices(("b", "cret"), ("a", "New sec"), ("a", "ret"))
    out, _ = await run(buffered(Hide), chunks, how)
    assert texts_of(out[:2]) == {"a": "Old"} and out[1] is again
    assert texts_of(out[2:]) == {"a": "New ***", "b": "A ***"}


@both
async def test_a_message_that_comes_whole_lets_nothing_of_another_out(how):
    whole = AIMessage("A secret.", id="b")
    again = AIMessage("More secret.", id="b")
    chunks = [*voices(("a", "My sec")), whole, again, *voices(("a", "ret."))]
    out, _ = await run(buffered(Hide), chunks, how)
    assert texts_of(out) == {"a": "My ***.", "b": "A ***.More ***."}


@both
@pytest.mark.parametrize("ids", [(None, "run-1"), ("resp_1", "lc_run-1")])
async def test_a_message_that_changes_its_id_is_one(how, ids):
    chunks = voices((ids[0], "sec"), (ids[1], "ret"))
    out, _ = await run(buffered(Hide), chunks, how)
    assert "".join(one.text for one in out) == "***"


@every_kind
@given(
    said=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["sec", "ret", ". ", "é"])),
        max_size=12,
    )
)
def test_whoever_else_speaks_a_message_reads_as_if_alone(make, said):
    out = texts_of(buffered(make).transform(iter(voices(*said))))
    for voice in dict(said):
        alone = [text for one, text in said if one == voice]
        assert out.get(voice, "") == "".join(buffered(make).transform(iter(alone)))
