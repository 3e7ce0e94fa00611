"""What edition 1 has kept still opens: its answers, and what a learner has done."""

import json
import shutil
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from langchain_openai import ChatOpenAI

from course_utils import (
    FakeStreamingChatModel,
    SQLiteStreamCache,
    VirtualClock,
    cached,
    progress,
    reliable,
)

KEPT = Path(__file__).parent / "kept"
LESSONS = (
    *("full_responses", "what_is_streaming", "streaming_callbacks"),
    *("interruptions_and_errors", "production_scale", "inside_the_architecture"),
)
ANSWER = "An answer that was kept."


def chat() -> ChatOpenAI:
    """The model that was asked then; its server is gone."""
    url = "http://127.0.0.1:46391/v1"
    return ChatOpenAI(model="fake", base_url=url, api_key="offline", max_retries=0)


def fake() -> FakeStreamingChatModel:
    return FakeStreamingChatModel(replies=ANSWER, clock=VirtualClock())


MODELS: dict[str, Any] = {
    "plain": chat,
    "fake": fake,
}


@pytest.mark.parametrize("name", MODELS)
def test_an_answer_that_edition_1_kept_is_found(tmp_path, name):
    with closing(sqlite3.connect(tmp_path / "answers.db")) as database:
        database.executescript((KEPT / "edition_1_answers.sql").read_text("utf-8"))
    model = cached(MODELS[name](), SQLiteStreamCache(tmp_path / "answers.db"))
    answer = model.invoke(f"Ask {name}")
    assert answer.text == ANSWER and answer.response_metadata["cached"] is True


def test_what_edition_1_kept_without_an_address_is_asked_anew(tmp_path):
    """Two servers with a model of one name shared those answers."""
    with closing(sqlite3.connect(tmp_path / "answers.db")) as database:
        database.executescript((KEPT / "edition_1_answers.sql").read_text("utf-8"))
    store = SQLiteStreamCache(tmp_path / "answers.db")
    model = cached(reliable(fake()), store)
    assert "cached" not in model.invoke("Ask reliable").response_metadata
    assert model.invoke("Ask reliable").response_metadata["cached"] is True


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_that_was_done_in_edition_1_is_still_done(
    tmp_path, monkeypatch, lesson
):
    shutil.copy(KEPT / "edition_1_progress.json", tmp_path / ".course_progress.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_LIVE", "live")
    then = json.loads((KEPT / "edition_1_progress.json").read_text("utf-8"))["done"]
    names = {key.split(".")[1] for key in then if key.startswith(f"{lesson}.")}
    tasks = progress(import_module(f"course_utils.lessons.{lesson}")).tasks
    assert names <= {name for kind, name, is_done in tasks if is_done}
    assert any(kind == "question" and is_done for kind, name, is_done in tasks)
