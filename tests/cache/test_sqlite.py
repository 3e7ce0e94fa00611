"""A cache in a file: for threads, for processes, for LangChain itself."""

import pytest
from langchain_core.globals import set_llm_cache
from langchain_core.outputs import Generation

from course_utils.cache import SQLiteStreamCache
from tests.support.asking import ask, asked_in_another_process, fake, in_threads


def test_a_file_keeps_answers(tmp_path):
    path = tmp_path / "answers.db"
    inner = fake("One two.", "Another.")
    assert ask(inner, SQLiteStreamCache(path)) == "One two."
    assert ask(inner, SQLiteStreamCache(path)) == "One two."
    SQLiteStreamCache(path).clear()
    assert ask(inner, SQLiteStreamCache(path)) == "Another."


def test_a_file_takes_many_writers_at_a_time(tmp_path):
    cache = SQLiteStreamCache(tmp_path / "answers.db")

    def write(number):
        for turn in range(10):
            cache.update(f"{number} {turn}", "m", [Generation(text=f"{number}")])
        return [cache.lookup(f"{number} {turn}", "m")[0].text for turn in range(10)]

    assert in_threads(8, write) == [[str(number)] * 10 for number in range(8)]


def test_a_file_full_of_rubbish_breaks_no_answer(tmp_path):
    path = tmp_path / "answers.db"
    path.write_bytes(b"rubbish" * 1000)
    inner = fake("One two.")
    assert ask(inner, SQLiteStreamCache(path)) == "One two."


def test_a_file_serves_langchain_itself(tmp_path):
    set_llm_cache(SQLiteStreamCache(tmp_path / "answers.db"))
    try:
        inner = fake("One two.", "Another.")
        assert inner.invoke("Hi").text == inner.invoke("Hi").text == "One two."
    finally:
        set_llm_cache(None)


@pytest.mark.parametrize("path", [":memory:", ""])
def test_a_cache_in_a_file_needs_a_file(path):
    with pytest.raises(ValueError, match=r"keeps a file.*InMemoryCache"):
        SQLiteStreamCache(path)


@pytest.mark.slow
def test_processes_share_a_file(tmp_path):
    path = tmp_path / "answers.db"
    ask(fake("One two"), SQLiteStreamCache(path))
    assert asked_in_another_process("sqlite", path) == "['One', ' two'] 0"


def test_patience_is_the_old_name_of_timeout(tmp_path):
    with pytest.warns(FutureWarning, match=r"patience=\.\.\.\) is called timeout="):
        assert SQLiteStreamCache(tmp_path / "a.db", patience=5.0).timeout == 5.0
