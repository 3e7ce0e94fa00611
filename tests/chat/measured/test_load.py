"""Many readers at once: what Locust's readers see, and what is said of it."""

import asyncio
from importlib.util import find_spec
from math import isnan

import pytest
from langchain_core.messages import AIMessageChunk

from chat.app import create
from chat.load import Crowd, crowds, saved
from chat.load import crowd as module
from chat.load.crowd import crowd_of
from tests.chat.site import settings
from tests.serving.test_response import running

needs_locust = pytest.mark.skipif(
    find_spec("locust") is None, reason="no Locust: pip install 'course-utils[load]'"
)
LONG = 1.0  # real seconds that an answer takes after its first text
END = AIMessageChunk("", response_metadata={"finish_reason": "stop"})


async def slow(text):
    yield AIMessageChunk("One")
    await asyncio.sleep(LONG)
    yield AIMessageChunk(" two")
    yield END


async def cut(text):
    yield AIMessageChunk("One")


def crowd(ask, **more):
    with running(create(settings(**more), ask)) as address:
        (found,) = crowds(address, users=[2], seconds=4)
    return found


@needs_locust
@pytest.mark.slow
def test_the_first_text_is_seen_when_it_comes_and_not_with_the_rest():
    found = crowd(slow)
    assert found.answers >= 2
    assert found.cut == 0
    assert found.first[0] < 900 * LONG <= found.gap[0]


@needs_locust
@pytest.mark.slow
@pytest.mark.parametrize("more", [{"ask": cut}, {"ask": slow, "rate": "1/hour"}])
def test_what_is_not_whole_is_counted_as_such(more):
    found = crowd(**more)
    assert found.answers - found.cut <= 1
    assert found.cut >= 2


def test_locusts_statistics_become_percentiles():
    told = [
        {"name": "whole answer", "num_requests": 9, "num_failures": 2},
        {"name": "first text", "response_times": {"10": 98, "20": 1, "200": 1}},
    ]
    found = crowd_of(5, told)
    assert (found.users, found.answers, found.cut) == (5, 9, 2)
    assert found.first == (10.0, 10.0, 200.0)
    assert all(map(isnan, found.gap))
    assert str(found).startswith("5 users: 9 answers, 2 not whole · first text 10 /")


def test_without_locust_it_says_what_to_do(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="saved"):
        crowds("http://127.0.0.1:1")
    assert len(saved()) >= 3
    assert all(isinstance(one, Crowd) and one.answers for one in saved())
