import pytest

from course_utils.plots import drawing
from course_utils.style import COLOURS, WIDTH, callout, width_of, wrapped


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


WIDE = {
    "words": "word " * 40,
    "one long word": "x" * 300,
    "a row": " · ".join(f"part {n}" for n in range(40)),
    "a row of long parts": " · ".join(["word " * 30] * 3),
    "Chinese": "中文。" * 60,
    "Chinese and words": "word 中文字 " * 30,
    "emoji": "😀" * 90,
    "marks over letters": ("e" + chr(0x301)) * 100,
    "an item of a list": "  a. " + "word " * 40,
    "far inside": " " * 70 + "word " * 20,
    "lines": "short\n" + "word " * 40 + "\n\nshort",
    "nothing": "",
}


@pytest.mark.parametrize("kind", WIDE)
@pytest.mark.parametrize("indent", ["", "  ", " " * 14, " " * 90])
def test_no_line_is_wider_than_a_page_and_nothing_is_lost(kind, indent):
    lines = wrapped(WIDE[kind], indent).split("\n")
    assert max(map(width_of, lines)) <= WIDTH
    assert "".join("".join(lines).split()) == "".join(WIDE[kind].split())


def test_what_fits_stays_as_it_is():
    for text in ("  a. word ", "a · b", "x" * WIDTH, "中" * 40, "a\n\n b"):
        assert wrapped(text) == text


def test_an_address_is_never_broken():
    address = "https://a.example/" + "b" * 100
    assert address in wrapped(f"See {address} and go on.")
