"""One setting of the shell puts the learner's own model into the course's cells."""

import pytest
from langchain_openai import ChatOpenAI

from course_utils import FakeServer, FakeStreamingChatModel
from course_utils.fake.your_model import your_model

SCRIPTED = FakeStreamingChatModel(replies="Scripted.")
KEY = "sk-never-to-be-seen"


@pytest.fixture(autouse=True)
def at_home(monkeypatch):
    """A learner's kernel, with no model named."""
    monkeypatch.setenv("COURSE_LIVE", "live")
    for name in ("COURSE_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", [None, "", "  "])
def test_without_a_name_the_scripted_model_answers(monkeypatch, name):
    if name is not None:
        monkeypatch.setenv("COURSE_MODEL", name)
    assert your_model(SCRIPTED) is SCRIPTED


def test_while_outputs_are_made_the_scripted_model_answers(monkeypatch):
    monkeypatch.setenv("COURSE_MODEL", "mine")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("COURSE_LIVE", "static")
    assert your_model(SCRIPTED) is SCRIPTED


def test_a_named_model_answers_from_its_address_with_its_options(monkeypatch):
    with FakeServer("Mine.") as server:
        monkeypatch.setenv("COURSE_MODEL", "mine")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        model = your_model(SCRIPTED, temperature=0.5)
        assert model.invoke("Hi").text == "Mine."
        assert server.log[0].request.model == "mine"
    assert isinstance(model, ChatOpenAI)
    assert model.temperature == 0.5


def test_a_name_without_key_or_address_says_what_to_set(monkeypatch):
    monkeypatch.setenv("COURSE_MODEL", "mine")
    with pytest.raises(ValueError, match="OPENAI_API_KEY: set it, or OPENAI_BASE_URL"):
        your_model(SCRIPTED)


def test_the_key_is_shown_nowhere(monkeypatch):
    monkeypatch.setenv("COURSE_MODEL", "mine")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model = your_model(SCRIPTED)
    assert isinstance(model, ChatOpenAI)
    seen = [repr(model), str(model), model.model_dump_json(), str(model.lc_secrets)]
    assert not any(KEY in text for text in seen)
