"""One setting decides the language; without it all is English and nothing is read."""

import json
import subprocess
import sys

import pytest

from course_utils import FakeStreamingChatModel, VirtualClock, race, show
from course_utils.language import language, languages, phrases, translated
from course_utils.lessons import full_responses as lesson
from course_utils.live.display import LiveDisplay
from course_utils.live.lane import Lane
from course_utils.live.page.widget import WORDS, Page
from course_utils.live.stop import StopSwitch
from course_utils.teaching import progress
from course_utils.teaching.progress_file import progress_files
from course_utils.teaching.quiz_widget import QuestionView
from course_utils.teaching.stub import stub


@pytest.fixture
def german(monkeypatch):
    monkeypatch.setenv("COURSE_LANGUAGE", "de")


def shown():
    """What notebook 1 shows of each kind."""
    return [
        repr(lesson.slower),
        lesson.slower._html(),
        repr(lesson.quiz),
        repr(lesson.quiz.answer("a", "b", "c")),
        repr([lesson.text_chain.hint() for _ in lesson.text_chain.hints][-1]),
        repr(progress(lesson)),
        lesson.text_chain.check(...)._repr_html_(),
    ]


def test_there_are_english_and_german():
    assert languages() == ["en", "de"]


REGIONS = ["de", "DE", "de_AT", "de-CH", "de_DE.UTF-8"]


@pytest.mark.parametrize("setting", REGIONS)
def test_a_region_does_not_count(monkeypatch, setting):
    monkeypatch.setenv("COURSE_LANGUAGE", setting)
    assert language() == "de"
    assert translated("Nothing came.") == "Es kam nichts."


@pytest.mark.parametrize("setting", ["", "en", "en_GB"])
def test_without_the_setting_all_is_english_and_no_catalogue_is_read(
    monkeypatch, setting
):
    monkeypatch.delenv("COURSE_LANGUAGE", raising=False)
    english = shown()
    monkeypatch.setenv("COURSE_LANGUAGE", setting)
    phrases.cache_clear()
    assert shown() == english
    assert phrases.cache_info().currsize == 0


def test_each_kind_of_text_is_shown_in_german(monkeypatch):
    english = shown()
    monkeypatch.setenv("COURSE_LANGUAGE", "de")
    assert [one for one in shown() if one in english] == []


@pytest.mark.parametrize("setting", ["fr", "xx", "../de", "package"])
def test_a_language_without_catalogues_is_refused_with_what_there_is(
    monkeypatch, setting
):
    monkeypatch.setenv("COURSE_LANGUAGE", setting)
    with pytest.raises(ValueError, match=r"one of en, de, got '.*docs/translation"):
        translated("Nothing came.")


def test_importing_the_course_reads_no_catalogue():
    code = (
        "import course_utils.lessons.full_responses\n"
        "from course_utils.language import phrases\n"
        "print(phrases.cache_info().currsize)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout.split() == ["0"]


def test_the_live_question_speaks_german_to_its_last_button(german):
    view = QuestionView(lesson.limited)
    assert view.why == "Warum?"
    assert view.question.startswith("Du erlaubst 12 Tokens.")
    assert [text for _, text in view.options][2].startswith("Die ersten 12 Tokens")
    view.guess = "c"
    assert "Dein Tipp: c." in view.note
    assert "Führe die Zellen darunter aus" in view.note
    view.requested = True
    assert "Du hast auf c getippt, und das ist richtig." in view.note
    assert "Nur die Finish Reason" in view.note


@pytest.mark.parametrize("mode", ["text", "static"])
def test_a_shown_answer_ends_in_german_and_its_model_speaks_as_it_did(
    monkeypatch, capsys, german, mode
):
    monkeypatch.setenv("COURSE_LIVE", mode)
    fast = {"first_token": 0, "per_token": 0}
    model = FakeStreamingChatModel("It is done. Nothing came.", **fast)
    show(model.stream("Hi"))
    race(full=model.stream("Hi"), cut=model.stream("Hi", max_tokens=2))
    shown = capsys.readouterr().out
    assert shown.count("It is done. Nothing came.") == 2 or mode == "static"
    for words in ("fertig", "abgeschnitten: length", "Erster Text: ", "cut nie"):
        assert words in shown


def test_the_page_gets_its_own_words_only_where_they_are_not_english(monkeypatch):
    lane = Lane("", True, VirtualClock())
    display = LiveDisplay([lane], StopSwitch())
    assert Page(display).widget.words == {}
    monkeypatch.setenv("COURSE_LANGUAGE", "de")
    words = Page(display).widget.words
    assert words["Stop"] == "Stopp"
    assert set(words) == set(WORDS)


def test_what_is_done_is_kept_under_the_same_key_in_every_language(monkeypatch):
    english = [lesson.slower.key, lesson.text_chain.key]
    monkeypatch.setenv("COURSE_LANGUAGE", "de")
    assert [lesson.slower.key, lesson.text_chain.key] == english


@pytest.mark.parametrize("setting", REGIONS)
def test_what_is_done_in_a_translated_notebook_is_kept_beside_the_english_ones(
    monkeypatch, tmp_path, setting
):
    monkeypatch.setenv("COURSE_LANGUAGE", setting)
    monkeypatch.setenv("COURSE_LIVE", "live")
    (tmp_path / "de").mkdir()
    monkeypatch.chdir(tmp_path / "de")
    assert progress_files() == [tmp_path / ".course_progress.json"]
    monkeypatch.delenv("COURSE_LANGUAGE")
    assert progress_files() == [tmp_path / "de" / ".course_progress.json"]


def test_an_exercise_is_reset_to_the_cell_of_the_translated_notebook(tmp_path, german):
    (tmp_path / "de").mkdir()
    for folder, source in ((tmp_path, "# English"), (tmp_path / "de", "# Deutsch")):
        cells = {"cells": [{"id": "ask-all", "source": [source]}]}
        (folder / "01_full_responses.ipynb").write_text(json.dumps(cells))
    assert stub("full_responses", "ask_all", tmp_path) == "# Deutsch"
    (tmp_path / "de" / "01_full_responses.ipynb").unlink()
    assert stub("full_responses", "ask_all", tmp_path) == "# English"


def test_a_wrong_letter_is_told_in_german(german):
    with pytest.raises(ValueError, match="Eine Antwort ist eines von a, b, c"):
        lesson.slower.answer("x")
    with pytest.raises(ValueError, match="Das Quiz hat 3 Fragen, gekommen sind 1"):
        lesson.quiz.answer("a")
