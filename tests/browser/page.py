"""The page's code alone, in one empty page."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

from course_utils.live.page.feeder import page_code


@contextmanager
def open_page(browser: Browser, probe: str) -> Iterator[Page]:
    """An empty page with the code of the live view, and functions to try it with."""
    page = browser.new_page()
    page.route("http://page.test/", lambda route: route.fulfill(body="<body>"))
    page.goto("http://page.test/")
    page.add_script_tag(content=page_code().replace("export ", "") + probe)
    yield page
    page.close()
