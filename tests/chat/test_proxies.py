"""What stands in `deploy/`, with the programs it is for: tokens flow, a cut is seen."""

import re
import shutil
import subprocess
import threading
import time
from itertools import pairwise

import httpx
import pytest
import yaml

from chat.settings import Settings
from course_utils.serving import read_sse
from tests.chat.site import text_in
from tests.support.servers.chat import Worker, running
from tests.support.servers.proxies import DEPLOY, PROGRAMS, program, proxy
from tests.support.watched import PATIENCE

pytestmark = pytest.mark.slow

RIGHT = [name for name in PROGRAMS if "default" not in name]
PLAIN = {"app": "tests.support.servers.plain:create"}


@pytest.fixture(scope="module")
def workers():
    """Two workers, quick enough and slow enough to be watched."""
    with running(Worker(per_token=0.05), Worker(per_token=0.05)) as found:
        yield found


@pytest.mark.parametrize("name", RIGHT)
def test_tokens_flow_through_a_proxy_that_is_set_right(name, workers):
    program(PROGRAMS[name])
    with proxy(name, *workers) as address:
        moments, events = [], []
        ask = {"json": {"text": f"Through {name}?"}, "timeout": PATIENCE}
        with httpx.stream("POST", f"{address}/chat", **ask) as response:
            for event in read_sse(response.iter_bytes()):
                moments.append(time.perf_counter())
                events.append(event)
        for path in ("/metrics", "/ready"):
            assert httpx.get(address + path).status_code == 404
        assert httpx.get(f"{address}/").status_code == 200
    assert events[-1].event == "done" and text_in(events)
    gaps = [late - early for early, late in pairwise(moments)]
    # Of tokens that come each 50 ms few come together, and none is held back for long.
    assert sum(gap > 0.02 for gap in gaps) > len(gaps) / 2
    assert max(gaps) < 1


def curl(address, *options):
    """The lumps of an answer, as a program gets them, and what curl says of its end."""
    run = [program("curl"), "-sN", "--noproxy", "*", *options, address]
    with subprocess.Popen(run, stdout=subprocess.PIPE) as reader:
        lumps = []
        while data := reader.stdout.read1():
            lumps.append(data)
    return lumps, reader.returncode


def answer_of(path, http, name="nginx-default.conf", kill=False):
    """What an answer becomes behind a proxy, by default nginx as it comes."""
    plain = Worker("--http", http, **PLAIN)
    with running(plain) as (worker,), proxy(name, worker) as address:
        killer = threading.Timer(0.4, worker.kill)
        if kill:
            killer.start()
        return curl(f"{address}/{path}")


NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin")
needs_nginx = pytest.mark.skipif(
    NGINX is None, reason="nginx is not installed: apt install nginx-light"
)


@needs_nginx
def test_nginx_as_it_comes_collects_a_plain_answer_until_it_is_whole():
    lumps, said = answer_of("plain", "h11")
    assert (len(lumps), said) == (1, 0)


@needs_nginx
def test_nginx_as_it_comes_calls_the_half_of_an_answer_a_success():
    lumps, said = answer_of("plain", "h11", kill=True)
    assert said == 0
    assert 0 < b"".join(lumps).count(b"data") < 20


@needs_nginx
def test_with_another_parser_the_same_nginx_streams_and_shows_the_cut():
    pytest.importorskip("httptools")
    lumps, _ = answer_of("plain", "httptools")
    assert len(lumps) > 5
    _, said = answer_of("plain", "httptools", kill=True)
    assert said == 18


@pytest.mark.parametrize(
    ("name", "said"),
    [("nginx-default.conf", 0), ("nginx.conf", 18), ("haproxy.cfg", 18)],
)
def test_a_worker_that_dies_is_seen_where_the_proxy_is_set_right(name, said):
    program(PROGRAMS[name])
    lumps, code = answer_of("headed", "h11", name, kill=True)
    assert code == said
    assert 0 < b"".join(lumps).count(b"data") < 20


def compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))


def test_compose_sets_only_what_there_is_and_in_the_right_order():
    services = compose()["services"]
    known = {f"CHAT_{name}".upper() for name in Settings.model_fields}
    assert {"chat-1", "chat-2", "redis", "nginx"} == services.keys()
    told = services["chat-1"]["environment"]
    assert told.keys() <= known
    docker = (DEPLOY / "Dockerfile").read_text("utf-8")
    graceful = int(re.search(r'graceful-shutdown", "(\d+)"', docker)[1])
    grace = int(services["chat-1"]["stop_grace_period"].removesuffix("s"))
    assert int(told["CHAT_DRAIN"]) < graceful < grace
    assert "8000" in docker and "[chat]" in docker


def test_what_the_page_for_operators_names_is_there():
    text = (DEPLOY / "README.md").read_text("utf-8")
    names = set(re.findall(r"CHAT_(\w+)", text))
    assert {name.lower() for name in names} <= Settings.model_fields.keys()
    files = set(re.findall(r"`([\w-]+\.(?:yaml|conf|cfg|py))`", text))
    there = {file.name for file in [*DEPLOY.iterdir(), *DEPLOY.parent.iterdir()]}
    assert files <= there
