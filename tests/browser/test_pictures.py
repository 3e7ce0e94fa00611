"""A picture on a light and on a dark page."""

from io import BytesIO
from typing import Any

import pytest
from matplotlib.image import imread
from playwright.sync_api import Browser

from course_utils.plots import curve

pytestmark = pytest.mark.slow

NEAR_BLACK, WHITE = 0x11 / 255, 1.0
LAB = {  # what Lab's themes set, and a page that sets nothing
    "light": ("--jp-shadow-base-lightness: 0", WHITE),
    "dark": ("--jp-shadow-base-lightness: 32", NEAR_BLACK),
    "unknown": ("", WHITE),
}


def shown(browser: Browser, style: str) -> Any:
    """The pixels of a picture on a page of this style, from 0 to 1."""
    html = curve([1, 2], {"p50": [0.5, 2]}, title="A curve")._repr_html_()
    page = browser.new_page()
    page.set_content(f'<body style="{style}">{html}')
    image = page.locator("img").screenshot()
    page.close()
    return imread(BytesIO(image))[..., :3]


@pytest.mark.parametrize(("style", "ground"), LAB.values(), ids=list(LAB))
def test_a_picture_has_the_ground_of_the_page_and_ink_that_reads_on_it(
    browser: Browser, style: str, ground: float
):
    pixels = shown(browser, style)
    on_ground = abs(pixels - ground).max(axis=-1) < 0.01
    assert on_ground.mean() > 0.7
    assert abs(pixels - ground).max() > 0.6


def test_a_line_keeps_its_hue_on_a_dark_page(browser: Browser):
    for style, _ in LAB.values():
        pixels = shown(browser, style)
        blue = pixels[..., 2] - pixels[..., 0]
        assert blue.max() > 0.4 and blue.min() > -0.2
