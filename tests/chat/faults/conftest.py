"""The page's browser, closed when these tests are over."""

from tests.browser.conftest import browser

__all__ = ["browser"]  # a fixture, which pytest finds here
