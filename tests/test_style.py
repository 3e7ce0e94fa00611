import pytest

from course_utils.plots import drawing
from course_utils.style import COLOURS, callout


def linear(channel):
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def luminance(colour):
    red, green, blue = [linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5)]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    bright, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("page", ["#FFFFFF", "#111111"])
def test_each_colour_is_seen_on_the_light_and_the_dark_page(page):
    assert min(contrast(colour, page) for colour in COLOURS) >= 3


def test_each_word_of_a_picture_reads_on_the_pictures_own_ground():
    words = [drawing.INK, *(drawing.WORDS[colour] for colour in COLOURS)]
    assert min(contrast(word, drawing.GROUND) for word in words) >= 4.5
    assert contrast(drawing.LINE, drawing.GROUND) >= 3


def test_a_callout_says_in_words_what_its_colour_says():
    html = callout("✓", "Correct.", "Well done.", COLOURS[0])
    assert 'role="status"' in html
    assert "<b>✓ Correct.</b> Well done." in html
