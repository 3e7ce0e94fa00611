"""What no reader meets stays only with a reason: docs/less.md gives it."""

import re

import pytest

from course_utils import FakeServer, FakeStreamingChatModel
from tests.house.names.uses import unused
from tests.notebooks.outputs import ROOT

PAGE = (ROOT / "docs" / "less.md").read_text("utf-8").partition("## What stayed")[2]


def test_each_name_and_setting_that_no_reader_meets_has_its_reason():
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", PAGE))))
    wanted = {one: re.sub(r".*\(|=\)", "", one) for one in unused()}
    assert {one for one, word in wanted.items() if word not in words} == set()


@pytest.mark.parametrize("kind", [FakeServer, FakeStreamingChatModel])
def test_what_went_is_refused(kind):
    with pytest.raises(TypeError, match="no such setting, got fault_rate"):
        kind("Hi", fault_rate=0.1)
