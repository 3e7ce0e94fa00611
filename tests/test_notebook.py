"""Where this code runs."""

import pytest

from course_utils.notebook import in_kernel, live_mode, static_page


@pytest.mark.parametrize("mode", ["live", "static", "text"])
def test_the_variable_decides_before_the_place(monkeypatch, mode):
    monkeypatch.setenv("COURSE_LIVE", mode)
    assert live_mode() == mode
    assert static_page() == (mode != "live")


def test_without_a_kernel_a_stream_is_shown_as_text(monkeypatch):
    monkeypatch.delenv("COURSE_LIVE", raising=False)
    assert not in_kernel()
    assert live_mode() == "text"


def test_a_wrong_setting_says_what_is_right(monkeypatch):
    monkeypatch.setenv("COURSE_LIVE", "loud")
    with pytest.raises(ValueError, match="live, static or text, got 'loud'"):
        live_mode()
