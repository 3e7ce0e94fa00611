"""Each fault: what is done, and what must come of it."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from signal import SIGTERM

import httpx
from playwright.sync_api import expect

from course_utils.fake import Reply
from tests.chat.faults.scene import WORDS, Outcome, Scene, stalled

LOST = "error: The server that made this answer is gone. Ask again."
CLOSED = "closed by reader"


@dataclass
class Row:
    """A fault and its outcome."""

    fault: str
    act: Callable[[Scene], None]
    expected: Outcome


def nothing_wrong(scene: Scene) -> None:
    scene.ask()


def refused(scene: Scene) -> None:
    scene.ask(Reply(status=401), wait_for="")


def dropped(scene: Scene) -> None:
    scene.ask(Reply(WORDS, drop_after=5), WORDS.removeprefix("One two three four five"))


def at_the_limit(scene: Scene) -> None:
    scene.ask(Reply(WORDS, finish_reason="length"))


def stopped(scene: Scene) -> None:
    scene.ask()
    scene.person.page.keyboard.press("Escape")


def stopped_in_a_silence(scene: Scene) -> None:
    scene.ask(stalled(3))
    scene.person.page.keyboard.press("Escape")


def left(scene: Scene) -> None:
    scene.ask(Reply(WORDS, per_token=0.4))
    scene.leave()


def left_in_a_silence(scene: Scene) -> None:
    scene.ask(stalled(3))
    scene.leave()


def reloaded(scene: Scene) -> None:
    scene.ask()
    scene.person.page.reload()


def slow_reader(scene: Scene) -> None:
    """Another reader takes nothing from its socket, and nobody waits for it."""
    scene.ask()
    with ExitStack() as stack:
        stack.enter_context(reader_of(scene))
        scene.person.sees("done")


def reader_of(scene: Scene):  # type: ignore[no-untyped-def]
    """A second reader of the answer on the page, in the same session."""
    page = scene.person.page
    name = page.evaluate("sessionStorage.answer")
    cookies = {c["name"]: c["value"] for c in page.context.cookies()}
    return httpx.stream("GET", f"{scene.other().address}/chat/{name}", cookies=cookies)


def two_tabs(scene: Scene) -> None:
    """A second tab asks, too, and is closed."""
    scene.ask()
    other = scene.person.page.context.new_page()
    other.goto(scene.address)
    expect(other.get_by_role("status")).to_have_text("waiting for a question")
    other.close()


def worker_killed(scene: Scene) -> None:
    scene.ask(Reply(WORDS, per_token=0.3))
    scene.owner().kill()


def worker_frozen(scene: Scene) -> None:
    scene.ask()
    owner = scene.owner()
    owner.freeze()
    scene.person.page.wait_for_timeout(1500)
    owner.thaw()


def worker_frozen_and_replaced(scene: Scene) -> None:
    scene.ask(Reply(WORDS, per_token=1))
    owner, other = scene.owner(), scene.other()
    owner.freeze()
    try:
        scene.go_elsewhere(other)
        scene.person.sees(LOST)
    finally:
        owner.thaw()


def worker_restarted(scene: Scene) -> None:
    scene.ask()
    scene.owner().signal(SIGTERM)


def redis_away(scene: Scene) -> None:
    scene.redis.kill()
    try:
        scene.ask()
        scene.person.sees("done")
    finally:
        scene.redis.start()


def redis_away_and_worker_killed(scene: Scene) -> None:
    """The other worker cannot know of the answer, and says: not now."""
    scene.ask(Reply(WORDS, per_token=0.3))
    scene.redis.kill()
    try:
        scene.owner().kill()
        state = scene.person.page.get_by_role("status")
        expect(state).to_have_text("cut: the connection broke", timeout=30_000)
    finally:
        scene.redis.start()


def redis_back_empty(scene: Scene) -> None:
    scene.ask()
    scene.redis.kill()
    scene.redis.start()
    scene.person.page.reload()


ROWS = [
    Row(
        "nothing", nothing_wrong, Outcome("done", "whole", "whole", "done", "finished")
    ),
    Row(
        "the provider refuses",
        refused,
        Outcome(
            "refused: The model did not answer.",
            "none",
            "nothing",
            "OpenAIAuthenticationError",
            "refuse",
        ),
    ),
    Row(
        "the provider breaks off, then continues",
        dropped,
        Outcome("done", "whole", "whole", "done", "finished"),
    ),
    Row(
        "the answer meets its limit",
        at_the_limit,
        Outcome("cut: length", "whole", "whole", "cut", "finished"),
    ),
    Row("Stop", stopped, Outcome("stopped", "a part", "a part", "stopped", CLOSED)),
    Row(
        "Stop in a silence",
        stopped_in_a_silence,
        Outcome("stopped", "a part", "a part", "stopped", CLOSED),
    ),
    Row(
        "the reader leaves",
        left,
        Outcome("(closed)", "none", "a part", "left", CLOSED),
    ),
    Row(
        "the reader leaves in a silence",
        left_in_a_silence,
        Outcome("(closed)", "none", "a part", "left", CLOSED),
    ),
    Row(
        "the page is reloaded",
        reloaded,
        Outcome("done", "whole", "whole", "done", "finished"),
    ),
    Row(
        "a reader that is too slow",
        slow_reader,
        Outcome("done", "whole", "whole", "done", "finished"),
    ),
    Row(
        "a second tab",
        two_tabs,
        Outcome("done", "whole", "whole", "done", "finished"),
    ),
    Row(
        "the worker freezes for a while",
        worker_frozen,
        Outcome("done", "whole", "whole", "done", "finished"),
    ),
    Row(
        "the worker freezes, and its reader goes elsewhere",
        worker_frozen_and_replaced,
        Outcome(LOST, "a part", "a part", "StreamLost", CLOSED),
    ),
    Row(
        "Redis is away",
        redis_away,
        Outcome("done", "whole", "whole", "done", "finished"),
    ),
    Row(
        "Redis is restarted empty, and the page reloaded",
        redis_back_empty,
        Outcome("done", "whole", "whole", "done", "finished"),
    ),
    Row(
        "the worker is restarted",
        worker_restarted,
        Outcome("done", "whole", "whole", "nothing", "finished"),
    ),
    Row(
        "the worker is killed",
        worker_killed,
        Outcome(LOST, "a part", "a part", "nothing", CLOSED),
    ),
    Row(
        "Redis is away, and the worker is killed",
        redis_away_and_worker_killed,
        Outcome("cut: the connection broke", "a part", "a part", "nothing", CLOSED),
    ),
]
