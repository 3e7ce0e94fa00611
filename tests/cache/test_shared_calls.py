"""All who ask the same at once share one call, however each of them leaves."""

import asyncio
import threading

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import get_usage_metadata_callback
from langchain_core.exceptions import ModelConnectionError

from course_utils.cache import cached
from course_utils.cache.source import desk_of
from course_utils.fake import FakeStreamingChatModel, Reply
from course_utils.own_stream import own_stream
from tests.support.asking import PATIENCE, fake, in_threads, no_threads_left, texts
from tests.support.ways import AWAYS, WAYS, ask, astream

pytestmark = pytest.mark.filterwarnings(
    "ignore::langchain_core._api.LangChainBetaWarning"
)


class Held(FakeStreamingChatModel):
    """A fake model that stops in mid-answer until it is let go."""

    def model_post_init(self, context, /):
        super().model_post_init(context)
        self._reached = threading.Event()
        self._go = threading.Event()
        self._closed = threading.Event()

    def _stream(self, *args, **kwargs):
        try:
            for number, chunk in enumerate(super()._stream(*args, **kwargs)):
                if number == 2:
                    self._reached.set()
                    assert self._go.wait(PATIENCE)
                yield chunk
        finally:
            self._closed.set()

    async def _astream(self, *args, **kwargs):
        items = super()._astream(*args, **kwargs)
        try:
            number = 0
            async for chunk in items:
                if number == 2:
                    self._reached.set()
                    assert await asyncio.to_thread(self._go.wait, PATIENCE)
                number += 1
                yield chunk
        finally:
            await items.aclose()
            self._closed.set()


def held(*replies):
    return Held(replies=list(replies) or ["One two three.", "Another."])


def test_simultaneous_threads_share_one_call():
    inner = fake("One two three.", "Another.", per_token=0.1)
    model = cached(inner)
    results = in_threads(8, lambda _: "".join(texts(model.stream("Hi"))))
    assert set(results) == {"One two three."}
    assert len(inner.log) == 1


def test_simultaneous_streams_and_invokes_share_one_call():
    inner = fake("One two three.", "Another.", per_token=0.1)
    model = cached(inner)
    ways = ["stream", "invoke"] * 4
    results = in_threads(8, lambda number: WAYS[ways[number]](model))
    assert set(results) == {"One two three."}
    assert len(inner.log) == 1


async def test_simultaneous_tasks_share_one_call():
    inner = fake("One two three.", "Another.", per_token=0.1)
    model = cached(inner)
    results = await asyncio.gather(*[AWAYS[way](model) for way in list(AWAYS) * 2])
    assert set(results) == {"One two three."}
    assert len(inner.log) == 1


@pytest.mark.parametrize("first", ["sync", "async"])
async def test_threads_share_one_call_and_tasks_another(first):
    inner = held("One two three.", "One two three.", "Another.")
    model = cached(inner)
    kinds = {"sync": lambda: asyncio.to_thread(WAYS["stream"], model)}
    kinds["async"] = lambda: astream(model)
    tasks = [asyncio.create_task(kinds[first]())]
    await asyncio.to_thread(inner._reached.wait, PATIENCE)
    tasks += [asyncio.create_task(kinds[kind]()) for kind in kinds for _ in range(3)]
    inner._go.set()
    assert set(await asyncio.gather(*tasks)) == {"One two three."}
    assert len(inner.log) <= 2


def test_two_wrappers_of_one_cache_share_one_call():
    store = InMemoryCache()
    inner = fake("One two three.", "Another.", per_token=0.1)
    models = [cached(inner, store) for _ in range(4)]
    results = in_threads(4, lambda number: WAYS["stream"](models[number]))
    assert set(results) == {"One two three."}
    assert len(inner.log) == 1


async def test_a_follower_reads_live():
    inner = held()
    model = cached(inner)
    leader, follower = model.astream("Hi"), model.astream("Hi")
    seen = [[], []]
    for stream, mine in zip((leader, follower), seen, strict=True):
        while not "".join(mine):
            mine.append((await anext(stream)).text)
    assert ["".join(mine) for mine in seen] == ["One", "One"]
    assert not inner._go.is_set()
    await leader.aclose()
    await follower.aclose()


async def test_only_who_began_the_call_is_told_its_usage():
    inner = held()
    model = cached(inner)
    with get_usage_metadata_callback() as usage:
        tasks = [asyncio.create_task(astream(model)) for _ in range(3)]
        await asyncio.to_thread(inner._reached.wait, PATIENCE)
        inner._go.set()
        await asyncio.gather(*tasks)
    (counted,) = usage.usage_metadata.values()
    assert counted["output_tokens"] == 4


def usage_in(chunks):
    return [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]


@pytest.mark.parametrize("taken", range(1, 4))
def test_a_reader_in_a_thread_that_is_ahead_takes_no_usage_away(taken):
    model = cached(fake("One two three."))
    began = model.stream("Hi")
    seen = [next(began) for _ in range(taken)]
    assert usage_in(model.stream("Hi")) == []
    (usage,) = usage_in([*seen, *began])
    assert usage["output_tokens"] == 4


@pytest.mark.parametrize("taken", range(1, 4))
async def test_a_reader_in_a_loop_that_is_ahead_takes_no_usage_away(taken):
    model = cached(fake("One two three."))
    began = model.astream("Hi")
    seen = [await anext(began) for _ in range(taken)]
    assert usage_in([chunk async for chunk in model.astream("Hi")]) == []
    (usage,) = usage_in([*seen, *[chunk async for chunk in began]])
    assert usage["output_tokens"] == 4


async def test_a_cancelled_leader_harms_nobody():
    inner = held()
    model = cached(inner)
    leader = asyncio.create_task(astream(model))
    await asyncio.to_thread(inner._reached.wait, PATIENCE)
    follower = asyncio.create_task(astream(model))
    await asyncio.sleep(0)
    leader.cancel()
    await asyncio.gather(leader, return_exceptions=True)
    inner._go.set()
    assert await follower == "One two three."
    assert len(inner.log) == 1


def test_a_leader_thread_that_leaves_harms_nobody():
    inner = fake("One two three.", "Another.")
    model = cached(inner)
    leader, follower = model.stream("Hi"), model.stream("Hi")
    next(leader)
    seen = next(follower).text
    leader.close()
    assert seen + "".join(texts(follower)) == "One two three."
    assert inner.log[0].outcome == "finished"
    assert len(inner.log) == 1


@pytest.mark.parametrize("left", [0, 1])
def test_a_follower_who_is_ahead_does_not_wait_for_a_slow_one(left):
    model = cached(fake("One two three."))
    streams = [model.stream("Hi"), model.stream("Hi")]
    next(streams[left])
    assert "".join(texts(streams[1 - left])) == "One two three."
    assert "".join(texts(streams[left])) == "One two three."


async def test_when_all_have_left_the_model_stops():
    inner = held()
    model = cached(inner)
    tasks = [asyncio.create_task(astream(model)) for _ in range(3)]
    await asyncio.to_thread(inner._reached.wait, PATIENCE)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await asyncio.to_thread(inner._closed.wait, PATIENCE)
    assert len(desk_of(model.store)) == 0
    inner._go.set()
    assert await astream(model) == "Another."


def test_when_the_only_reader_leaves_the_model_stops_at_once():
    inner = fake("One two three.")
    stream = cached(inner).stream("Hi")
    next(stream)
    stream.close()
    assert inner.log[0].outcome == "closed by reader"


async def test_an_error_reaches_all_who_shared_the_call():
    inner = fake(Reply("One two three.", drop_after=2, per_token=0.1), "Another.")
    model = cached(inner)

    async def read():
        seen = ""
        with pytest.raises(ModelConnectionError):
            async for chunk in model.astream("Hi"):
                seen += chunk.text
        return seen

    assert await asyncio.gather(*[read() for _ in range(4)]) == ["One two"] * 4
    assert len(inner.log) == 1
    assert await astream(model) == "Another."


class Interrupted(FakeStreamingChatModel):
    """A fake model whose first stream is interrupted, as by Ctrl+C."""

    after: int = 0

    def _stream(self, *args, **kwargs):
        number = len(self.log)
        for count, chunk in enumerate(super()._stream(*args, **kwargs)):
            if number == 0 and count == self.after:
                raise KeyboardInterrupt
            yield chunk


def test_another_takes_over_from_an_interrupted_leader():
    inner = Interrupted(replies=["One.", "Two."], after=1)
    model = cached(inner)
    leader, follower = model.stream("Hi"), model.stream("Hi")
    next(leader), next(follower)  # the empty first chunk
    with pytest.raises(KeyboardInterrupt):
        next(leader)
    assert "".join(texts(follower)) == "Two."


@pytest.mark.parametrize("shown", ["One two.", Reply("Two.", reasoning="Hm, well.")])
def test_who_has_shown_text_is_told_of_the_interruption(shown):
    inner = Interrupted(replies=[shown, "Two."], after=2)
    model = cached(inner)
    leader, follower = model.stream("Hi"), model.stream("Hi")
    for _ in range(2):
        next(leader), next(follower)
    with pytest.raises(KeyboardInterrupt):
        next(leader)
    with pytest.raises(ModelConnectionError, match="ask again"):
        next(follower)


def test_a_loop_that_ends_in_mid_answer_harms_no_thread():
    inner = held()
    model = cached(inner)
    results = []

    async def begin():
        stream = model.astream("Hi")
        await anext(stream)
        thread = threading.Thread(target=lambda: results.append(WAYS["stream"](model)))
        thread.start()
        return thread, stream

    with asyncio.Runner() as runner:
        thread, _stream = runner.run(begin())
    inner._go.set()
    thread.join(PATIENCE)
    assert results in (["One two three."], ["Another."])


async def test_a_sync_stream_in_the_loop_of_a_shared_call_does_not_block():
    # What happens in a notebook: the cell's thread runs the loop, too.
    inner = held("One.", "Two.")
    model = cached(inner)
    task = asyncio.create_task(astream(model))
    await asyncio.to_thread(inner._reached.wait, PATIENCE)
    inner._go.set()
    assert "".join(texts(model.stream("Hi"))) == "Two."
    assert await task == "One."


async def test_no_tasks_and_no_flights_are_left():
    model = cached(fake("One two three.", per_token=0.02))
    for number in range(30):
        async with own_stream(model.astream(f"question {number}")) as items:
            await anext(items)
        await ask(model, "astream")
    async with asyncio.timeout(PATIENCE):
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)
    assert len(desk_of(model.store)) == 0


def test_no_threads_are_left():
    model = cached(fake("One two three."))
    with no_threads_left():
        for number in range(100):
            stream = model.stream(f"question {number}")
            next(stream)
            stream.close()
