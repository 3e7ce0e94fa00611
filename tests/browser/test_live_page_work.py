"""What one update may cost the page: no text holds it for long, and none grows dear."""

import pytest
from playwright.sync_api import Page

from tests.browser.page import open_page
from tests.pathological import KINDS

pytestmark = pytest.mark.slow

MOST = 100  # milliseconds for one update

# The dearest update, in milliseconds, when a text comes in pieces of `size` letters.
DEAREST = """
globalThis.dearest = ([source, size]) => {
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  const writer = new MarkdownText(root);
  let most = 0;
  const timed = (piece, done) => {
    const start = performance.now();
    writer.write(piece, done);
    root.getBoundingClientRect();
    most = Math.max(most, performance.now() - start);
  };
  for (let at = 0; at < source.length; at += size) timed(source.slice(at, at + size), false);
  timed("", true);
  return most;
};
"""


@pytest.fixture(scope="module")
def page(browser):
    with open_page(browser, DEAREST) as page:
        yield page


@pytest.mark.parametrize("kind", KINDS)
def test_no_update_holds_the_page_for_long(page: Page, kind: str):
    whole, pieces = (page.evaluate("a => dearest(a)", [KINDS[kind], n]) for n in (10**6, 40))
    assert max(whole, pieces) < MOST, (whole, pieces)
