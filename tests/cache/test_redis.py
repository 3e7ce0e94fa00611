"""A cache on a Redis server: across processes, for a time, and when it is down."""

import shutil
import socket
import subprocess

import pytest
from langchain_core.outputs import Generation

from course_utils.cache import RedisStreamCache, cached
from tests.support.asking import ask, asked_in_another_process, fake, texts


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    """A Redis server of our own, on a free port, that writes nothing."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed: apt install redis-server")
    port = free_port()
    settings = f"--port {port} --bind 127.0.0.1 --appendonly no --save".split()
    folder = tmp_path_factory.mktemp("redis")
    with subprocess.Popen(
        [program, *settings, "", "--dir", folder], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert any("Ready to accept" in line for line in server.stdout)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def redis_cache(redis_url):
    cache = RedisStreamCache(redis_url)
    yield cache
    cache.client.flushall()
    cache.client.close()


def test_redis_keeps_answers_with_their_chunks(redis_cache):
    inner = fake("One two.", "Another.")
    model = cached(inner, redis_cache)
    first, second = texts(model.stream("Hi")), texts(model.stream("Hi"))
    assert first == second == ["One", " two", "."]
    redis_cache.clear()
    assert "".join(texts(model.stream("Hi"))) == "Another."


@pytest.mark.slow
def test_processes_share_a_redis_server(redis_cache, redis_url):
    ask(fake("One two"), redis_cache)
    assert asked_in_another_process("redis", redis_url) == "['One', ' two'] 0"


def test_redis_forgets_after_a_time(redis_url):
    cache = RedisStreamCache(redis_url, ttl=3600)
    ask(fake("One two"), cache)
    (name,) = cache.client.keys()
    assert 3590 < cache.client.ttl(name) <= 3600
    cache.clear()
    cache.client.close()


def test_clearing_leaves_what_belongs_to_others(redis_cache):
    redis_cache.client.set("of another", "1")
    redis_cache.update("Hi", "m", [Generation(text="Ho")])
    redis_cache.clear()
    assert redis_cache.client.keys() == [b"of another"]


def test_rubbish_on_a_redis_server_breaks_no_answer(redis_cache):
    inner = fake("One two.", "Another.")
    model = cached(inner, redis_cache)
    "".join(texts(model.stream("Hi")))
    (name,) = redis_cache.client.keys()
    redis_cache.client.set(name, b"\xff rubbish")
    assert "".join(texts(model.stream("Hi"))) == "Another."


def test_a_redis_server_that_is_down_breaks_no_answer():
    inner = fake("One two.")
    model = cached(inner, RedisStreamCache(f"redis://127.0.0.1:{free_port()}"))
    assert "".join(texts(model.stream("Hi"))) == "One two."
    assert model.invoke("Hi").text == "One two."


def test_redis_takes_a_client_or_an_address(redis_cache):
    assert RedisStreamCache(redis_cache.client).client is redis_cache.client
    with pytest.raises(TypeError, match="an address or a client, got int"):
        RedisStreamCache(6379)
    with pytest.raises(ValueError, match="use 3600 for an hour"):
        RedisStreamCache(redis_cache.client, ttl=0)


@pytest.mark.parametrize("prefix", ["tenant[12]:", "t?:", "t*:", "t\\1:", "t[^1]-:"])
def test_clearing_takes_a_prefix_as_it_is_written(redis_url, prefix):
    mine = RedisStreamCache(redis_url, prefix=prefix)
    others = [f"tenant{number}:x" for number in range(3)] + ["t1:x", "ttt:x", "t2-:x"]
    for name in others:
        mine.client.set(name, "1")
    mine.update("Hi", "m", [Generation(text="Ho")])
    mine.clear()
    assert {name.decode() for name in mine.client.scan_iter()} == set(others)
    mine.client.flushall()
    mine.client.close()
