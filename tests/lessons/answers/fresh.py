"""Answers of the first three notebooks, written by somebody who had not seen the checks.

Right ones in another style, and wrong ones that break a sentence of the contract.
"""

import asyncio
import itertools
import json
import queue
import re
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough, chain
from langgraph.config import get_stream_writer

from course_utils.clock import course_clock
from course_utils.lessons import full_responses as full
from course_utils.lessons import streaming_callbacks as callbacks
from course_utils.lessons import what_is_streaming as streaming

# Notebook 1: text_chain


def text_chain_of_lambdas(model):
    ask = RunnableLambda(lambda given: [HumanMessage(f"Say what {given['thing']} is.")])
    return ask | model | (lambda message: message.text)


def text_chain_of_a_string_prompt(model):
    prompt = PromptTemplate.from_template("Explain {thing} to me.")
    return RunnablePassthrough() | prompt | model | StrOutputParser()


def text_chain_that_decorates(model):
    @chain
    def asks(given):
        return model.invoke("What is " + given["thing"] + "?").text

    return asks


def text_chain_of_the_first_thing(model, seen=[]):
    def asks(given):
        seen.append(given["thing"])
        return f"What is {seen[0]}?"

    return RunnableLambda(asks) | model | StrOutputParser()


def text_chain_of_title_case(model):
    ask = RunnableLambda(lambda given: f"What is {given['thing'].title()}?")
    return ask | model | StrOutputParser()


def text_chain_that_strips(model):
    prompt = ChatPromptTemplate.from_template("What is {thing}?")
    return prompt | model | StrOutputParser() | str.strip


def text_chain_of_content(model):
    prompt = ChatPromptTemplate.from_template("What is {thing}?")
    return prompt | model | (lambda message: message.content)


# waiting_and_writing


def waiting_by_arrivals(timing):
    waited = timing.arrivals[0] if timing.arrivals else timing.total
    return [waited, timing.total - waited]


def waiting_with_max(timing):
    first = next(iter(timing.arrivals), timing.total)
    return first, max(timing.total - first, 0.0)


def waiting_by_latencies(timing):
    return timing.time_to_first_token or 0, sum(timing.inter_token_latencies)


def waiting_rounded(timing):
    first = timing.arrivals[0] if timing.arrivals else timing.total
    return round(first), round(timing.total - first)


def waiting_for_a_sign(timing):
    first = timing.time_to_first_sign or timing.total
    return first, timing.total - first


def waiting_zero_is_none(timing):
    first = timing.time_to_first_token or timing.total
    return first, timing.total - first


# summaries


def summaries_by_hand(model, pages):
    found = {}
    for page in pages:
        try:
            found[page] = model.invoke(page).text
        except Exception:
            continue
    return found


def summaries_as_completed(model, pages):
    done = model.batch_as_completed(pages, return_exceptions=True)
    texts = {i: r.text for i, r in done if not isinstance(r, Exception)}
    return {pages[i]: texts[i] for i in sorted(texts)}


def summaries_with_empty_ones(model, pages):
    results = model.batch(pages, return_exceptions=True)
    return {p: getattr(r, "text", "") for p, r in zip(pages, results, strict=True)}


def summaries_until_the_first_refusal(model, pages):
    found = {}
    for page, result in zip(
        pages, model.batch(pages, return_exceptions=True), strict=True
    ):
        if isinstance(result, Exception):
            break
        found[page] = result.text
    return found


def summaries_only_of_texts(model, pages):
    results = model.batch(pages, return_exceptions=True)
    pairs = zip(pages, results, strict=True)
    return {p: r.text for p, r in pairs if getattr(r, "text", None)}


def summaries_that_empty_the_list(model, pages):
    found = {}
    while pages:
        page = pages.pop(0)
        try:
            found[page] = model.invoke(page).text
        except Exception:
            pass
    return found


# ask_all


def ask_all_in_a_pool(model, questions, limit):
    with ThreadPoolExecutor(max_workers=limit) as pool:
        return [m.text for m in pool.map(model.invoke, questions)]


def ask_all_in_slices(model, questions, limit):
    async def all_of_them():
        room = asyncio.Semaphore(limit)

        async def one(question):
            async with room:
                return (await model.ainvoke(question)).text

        return await asyncio.gather(*[one(question) for question in questions])

    with ThreadPoolExecutor(1) as pool:
        return list(pool.submit(asyncio.run, all_of_them()).result())


def ask_all_ten_at_a_time(model, questions, limit):
    with ThreadPoolExecutor(max_workers=10) as pool:
        return [m.text for m in pool.map(model.invoke, questions)]


def ask_all_by_question(model, questions, limit):
    unique = sorted(set(questions))
    found = model.batch(unique, {"max_concurrency": limit})
    return [message.text for message in found]


def ask_all_with_one_more(model, questions, limit):
    with ThreadPoolExecutor(max_workers=limit + 1) as pool:
        return [m.text for m in pool.map(model.invoke, questions)]


def ask_all_that_hides_errors(model, questions, limit):
    results = model.batch(
        questions, {"max_concurrency": limit}, return_exceptions=True
    )
    return [str(getattr(result, "text", result)) for result in results]


FULL_RIGHT: list[tuple[Any, Any]] = [
    (full.text_chain, text_chain_of_lambdas),
    (full.text_chain, text_chain_of_a_string_prompt),
    (full.text_chain, text_chain_that_decorates),
    (full.waiting_and_writing, waiting_by_arrivals),
    (full.waiting_and_writing, waiting_with_max),
    (full.summaries, summaries_by_hand),
    (full.summaries, summaries_as_completed),
    (full.ask_all, ask_all_in_a_pool),
    (full.ask_all, ask_all_in_slices),
]
FULL_WRONG: list[tuple[Any, Any, str]] = [
    (full.text_chain, text_chain_of_the_first_thing, ""),
    (full.text_chain, text_chain_that_strips, ""),
    (full.text_chain, text_chain_of_content, ""),
    (full.waiting_and_writing, waiting_by_latencies, ""),
    (full.waiting_and_writing, waiting_rounded, ""),
    (full.waiting_and_writing, waiting_for_a_sign, ""),
    (full.waiting_and_writing, waiting_zero_is_none, ""),
    (full.summaries, summaries_with_empty_ones, ""),
    (full.summaries, summaries_until_the_first_refusal, ""),
    (full.summaries, summaries_only_of_texts, ""),
    (full.summaries, summaries_that_empty_the_list, ""),
    (full.ask_all, ask_all_ten_at_a_time, ""),
    (full.ask_all, ask_all_by_question, ""),
    (full.ask_all, ask_all_with_one_more, ""),
    (full.ask_all, ask_all_that_hides_errors, ""),
]

# Notebook 2: stalls


def stalls_by_index(timing, limit):
    moments = timing.arrivals + [timing.total]
    found = []
    for number in range(len(moments) - 1):
        silence = moments[number + 1] - moments[number]
        if silence > limit:
            found.append((moments[number], silence))
    return found


def stalls_recursive(timing, limit):
    def rest(times):
        if len(times) < 2:
            return []
        first, second, *_ = times
        here = [(first, second - first)] if second - first > limit else []
        return here + rest(times[1:])

    return rest([*timing.arrivals, timing.total])


def stalls_that_append(timing, limit):
    timing.arrivals.append(timing.total)
    times = timing.arrivals
    return [(a, b - a) for a, b in itertools.pairwise(times) if b - a > limit]


def stalls_when_they_end(timing, limit):
    times = [*timing.arrivals, timing.total]
    return [(b, b - a) for a, b in itertools.pairwise(times) if b - a > limit]


def stalls_by_length(timing, limit):
    times = [*timing.arrivals, timing.total]
    found = [(a, b - a) for a, b in itertools.pairwise(times) if b - a > limit]
    return sorted(found, key=lambda pair: -pair[1])


def stalls_of_distinct_times(timing, limit):
    times = sorted({*timing.arrivals, timing.total})
    return [(a, b - a) for a, b in itertools.pairwise(times) if b - a >= limit]


# collect


def collect_in_a_class(stream, now=__import__("time").perf_counter):
    class Collected:
        begun, first, parts = now(), None, []

    Collected.parts = []
    for item in stream:
        said = getattr(item, "text", item)
        said = str(said)
        if said and Collected.first is None:
            Collected.first = now() - Collected.begun
        Collected.parts.append(said)
    return "".join(Collected.parts), Collected.first


def collect_with_iter(stream, now):
    begun, came = now(), []
    for chunk in iter(stream):
        text = chunk if isinstance(chunk, str) else str(chunk.text)
        came.append((text, now() - begun))
    firsts = (at for text, at in came if text)
    return "".join(text for text, _ in came), next(firsts, None)


def collect_from_the_first_item(stream, now):
    begun, first, text = None, None, ""
    for chunk in stream:
        begun = now() if begun is None else begun
        piece = chunk if isinstance(chunk, str) else chunk.text
        if piece and first is None:
            first = now() - begun
        text += piece
    return text, first


def collect_content(stream, now):
    begun, first, text = now(), None, ""
    for chunk in stream:
        piece = chunk if isinstance(chunk, str) else str(chunk.content)
        if piece and first is None:
            first = now() - begun
        text += piece
    return text, first


def collect_that_strips(stream, now):
    begun, first, text = now(), None, ""
    for chunk in stream:
        piece = chunk if isinstance(chunk, str) else chunk.text
        if piece.strip() and first is None:
            first = now() - begun
        text += piece
    return text, first


def collect_zero_is_none(stream, now):
    begun, first, text = now(), 0, ""
    for chunk in stream:
        piece = chunk if isinstance(chunk, str) else chunk.text
        if piece and not first:
            first = now() - begun
        text += piece
    return text, first or None


# plain


def plain_by_comprehension(pieces):
    return ("".join(c for c in piece if c != "*") for piece in pieces)


def plain_by_map(pieces):
    yield from map(lambda piece: piece.translate({ord("*"): None}), pieces)


def plain_in_pairs(pieces):
    pieces = iter(pieces)
    for one in pieces:
        yield (one + next(pieces, "")).replace("*", "")


def plain_of_marks_only(pieces):
    for piece in pieces:
        yield re.sub(r"\*(\S[^*]*)\*", r"\1", piece).replace("**", "")


def plain_that_strips(pieces):
    for piece in pieces:
        yield piece.strip("*")


def plain_one_behind(pieces):
    held = None
    for piece in pieces:
        if held is not None:
            yield held
        held = piece.replace("*", "")
    if held is not None:
        yield held


# sse_text


def sse_by_regex(lines):
    for line in lines:
        found = re.match(r"data: ?(.*)", line, re.DOTALL)
        if not found or found[1].strip() == "[DONE]":
            continue
        for choice in json.loads(found[1])["choices"]:
            yield from filter(None, [choice.get("delta", {}).get("content")])


class SseText:
    def __init__(self, lines):
        self.lines = iter(lines)
        self.ready = deque()

    def __iter__(self):
        return self

    def __next__(self):
        while not self.ready:
            self.take(next(self.lines))
        return self.ready.popleft()

    def take(self, line):
        field, _, data = line.partition(":")
        if field != "data" or data.strip() == "[DONE]":
            return
        choices = json.loads(data).get("choices") or []
        texts = [(c.get("delta") or {}).get("content") for c in choices]
        self.ready.extend(text for text in texts if text)


def sse_that_skips_errors(lines):
    for line in lines:
        try:
            data = json.loads(line.removeprefix("data:"))
        except ValueError:
            continue
        for choice in data["choices"]:
            if text := choice["delta"].get("content"):
                yield text


def sse_of_the_first_choice(lines):
    for line in lines:
        if line.startswith("data: {"):
            data = json.loads(line[6:])
            if text := data["choices"][0]["delta"].get("content"):
                yield text


def sse_all_at_the_end(lines):
    yield from list(sse_by_regex(lines))


def sse_that_strips(lines):
    for text in sse_by_regex(lines):
        yield text.strip("\n")


# acollect


async def acollect_with_anext(stream, now):
    begun, first, parts = now(), None, []
    items = aiter(stream)
    while True:
        try:
            item = await anext(items)
        except StopAsyncIteration:
            return "".join(parts), first
        text = item if isinstance(item, str) else item.text
        if text and first is None:
            first = now() - begun
        parts.append(text)


async def acollect_in_a_task(stream, now):
    begun = now()

    async def read():
        return [
            (c if isinstance(c, str) else c.text, now() - begun) async for c in stream
        ]

    came = await asyncio.create_task(read())
    first = next((at for text, at in came if text), None)
    return reduce(lambda whole, one: whole + one[0], came, ""), first


async def acollect_in_a_loop_of_its_own(stream, now):
    async def read():
        return [chunk.text async for chunk in stream]

    begun = now()
    with ThreadPoolExecutor(1) as pool:
        texts = pool.submit(asyncio.run, read()).result()
    return "".join(texts), now() - begun


async def acollect_at_the_end(stream, now):
    begun = now()
    texts = [c if isinstance(c, str) else c.text async for c in stream]
    return "".join(texts), (now() - begun) if any(texts) else None


async def acollect_last(stream, now):
    begun, last, text = now(), None, ""
    async for chunk in stream:
        piece = chunk if isinstance(chunk, str) else chunk.text
        text += piece
        last = now() - begun if piece else last
    return text, last


STREAMING_RIGHT: list[tuple[Any, Any]] = [
    (streaming.stalls, stalls_by_index),
    (streaming.collect, collect_in_a_class),
    (streaming.collect, collect_with_iter),
    (streaming.plain, plain_by_map),
    (streaming.sse_text, sse_by_regex),
    (streaming.sse_text, SseText),
    (streaming.acollect, acollect_with_anext),
    (streaming.acollect, acollect_in_a_task),
]
STREAMING_WRONG: list[tuple[Any, Any, str]] = [
    (streaming.stalls, stalls_recursive, "RecursionError"),
    (streaming.stalls, stalls_that_append, ""),
    (streaming.stalls, stalls_when_they_end, ""),
    (streaming.stalls, stalls_by_length, ""),
    (streaming.stalls, stalls_of_distinct_times, ""),
    (streaming.collect, collect_from_the_first_item, ""),
    (streaming.collect, collect_content, ""),
    (streaming.collect, collect_that_strips, ""),
    (streaming.collect, collect_zero_is_none, ""),
    (streaming.plain, plain_by_comprehension, "write `yield`"),
    (streaming.plain, plain_in_pairs, ""),
    (streaming.plain, plain_of_marks_only, ""),
    (streaming.plain, plain_that_strips, ""),
    (streaming.plain, plain_one_behind, ""),
    (streaming.sse_text, sse_that_skips_errors, ""),
    (streaming.sse_text, sse_of_the_first_choice, ""),
    (streaming.sse_text, sse_all_at_the_end, ""),
    (streaming.sse_text, sse_that_strips, ""),
    (streaming.acollect, acollect_in_a_loop_of_its_own, ""),
    (streaming.acollect, acollect_at_the_end, ""),
    (streaming.acollect, acollect_last, ""),
]

# Notebook 3: handlers


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


CALLBACKS_RIGHT: list[tuple[Any, Any]] = [
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
CALLBACKS_WRONG: list[tuple[Any, Any, str]] = [
    (callbacks.first_token, FirstTokenOfAnyKind, ""),
    (callbacks.first_token, FirstTokenOnce, ""),
    (callbacks.first_token, FirstTokenOfTheLast, ""),
    (callbacks.by_run, StopwatchThatKeeps, ""),
    (callbacks.by_run, StopwatchFirstInFirstOut, ""),
    (callbacks.by_run, StopwatchInOrderOfStarts, ""),
    (callbacks.by_run, StopwatchOfShared, ""),
    (callbacks.outbox, OutboxOfAThreadEach, ""),
    (callbacks.outbox, OutboxThatDropsTheRest, ""),
    (callbacks.outbox, OutboxThatForgetsErrors, ""),
    (callbacks.outbox, OutboxOfOnePlace, ""),
    (callbacks.listeners, lambda update, log: [BothOfEmpty(update, log)], ""),
    (callbacks.listeners, lambda update, log: [BothWithTheText(update, log)], ""),
    (callbacks.listeners, lambda update, log: [BothAtTheEnd(update, log)], ""),
    (callbacks.listeners, listeners_that_remember, ""),
    (callbacks.audit, AuditThatTries, ""),
    (callbacks.audit, AuditOfOneLate, ""),
    (callbacks.audit, AuditThatIsSkipped, ""),
    (callbacks.redact, RedactThatHoldsAll, ""),
    (callbacks.redact, RedactShared, ""),
    (callbacks.redact, RedactByPiece, ""),
    (callbacks.redact, RedactThatRepeats, ""),
    (callbacks.read_parts, read_parts_with_results, ""),
    (callbacks.read_parts, read_parts_of_the_last, ""),
    (callbacks.read_parts, read_parts_until_asked, ""),
    (callbacks.report, report_that_swallows, ""),
    (callbacks.report, report_of_a_part, ""),
    (callbacks.report, report_of_words, ""),
    (callbacks.spent, spent_of_the_last, ""),
    (callbacks.spent, spent_with_zeros, ""),
    (callbacks.spent, spent_in_a_row, ""),
    (callbacks.spent, spent_on_those_that_said, ""),
]
