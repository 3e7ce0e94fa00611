"""Text as word pieces."""

from hypothesis import given
from hypothesis import strategies as st

from course_utils.tokens import pieces


@given(st.text())
def test_the_pieces_of_any_text_joined_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


@given(st.text(min_size=1))
def test_no_piece_is_empty(text: str) -> None:
    assert all(pieces(text))


def test_a_number_is_cut_into_groups_of_three_digits() -> None:
    assert pieces("10000") == ["100", "00"]
