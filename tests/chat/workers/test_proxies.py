"""What stands in `deploy/`, with the programs it is for: tokens flow, a cut is seen."""

import re
import time
from itertools import pairwise

import httpx
import pytest
import yaml

from chat.settings import Settings
from course_utils.serving import read_sse
from tests.chat.faults.behind import BEHIND
from tests.chat.site import text_in
from tests.support.servers import takes_a_minute
from tests.support.servers.chat import Worker, running
from tests.support.servers.proxies import DEPLOY, PROGRAMS, program, proxy
from tests.support.watched import PATIENCE

RIGHT = [name for name in PROGRAMS if "default" not in name]


@pytest.fixture(scope="module")
def workers():
    """Two workers, quick enough and slow enough to be watched."""
    with running(Worker(per_token=0.05), Worker(per_token=0.05)) as found:
        yield found


@takes_a_minute
@pytest.mark.slow
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


@pytest.fixture(scope="module")
def docker_options():
    """How the image starts a worker: it believes whatever proxy is in front of it."""
    words = re.findall(r'"(.*?)"', (DEPLOY / "Dockerfile").read_text("utf-8"))
    return words[words.index("--proxy-headers") :]


@takes_a_minute
@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT)
def test_who_lies_about_an_address_is_counted_by_the_true_one(name, docker_options):
    program(PROGRAMS[name])
    worker = Worker(*docker_options, rate="1/hour")
    with running(worker), proxy(name, worker) as address:
        for lie, status in (("8.8.8.8", 200), ("9.9.9.9, 1.1.1.1", 429)):
            headers = {"X-Forwarded-For": lie}
            ask = {"json": {"text": "Hi"}, "headers": headers, "timeout": PATIENCE}
            assert httpx.post(f"{address}/chat", **ask).status_code == status


@takes_a_minute
@pytest.mark.slow
@pytest.mark.parametrize("row", BEHIND, ids=lambda row: f"{row.conf}-{row.path}")
def test_what_a_proxy_makes_of_an_answer_is_as_the_page_about_faults_says(row):
    program(PROGRAMS[row.conf])
    assert (row.flow(), row.cut()) == (row.flows, row.cuts)


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
