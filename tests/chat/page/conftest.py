"""One served chat for all tests of its page, and a page for each."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser

from chat.app import create
from tests.browser.conftest import browser, screenshot_on_failure
from tests.chat.page.person import Person, Puppet
from tests.chat.site import SESSION, settings
from tests.serving.test_response import running

__all__ = ["browser", "screenshot_on_failure"]  # fixtures, which pytest finds here

PREFIX = "/user/me/proxy/8000"  # where a Jupyter proxy would put it


@pytest.fixture(scope="package")
def served() -> Iterator[tuple[str, Any]]:
    """The address of a server that has the chat at its top and behind a prefix."""
    chat = create(settings(refuse_within=0.05))
    outer = FastAPI()
    outer.mount(PREFIX, chat)
    outer.mount("/", chat)
    with running(outer) as address:
        yield address, chat.state.chat


@pytest.fixture
def person(served: tuple[str, Any], browser: Browser) -> Iterator[Person]:
    """Somebody with the page open, and the model they talk to."""
    address, chat = served
    model = Puppet()
    chat.ask = model.ask
    context = browser.new_context()
    context.add_cookies([{"name": "chat_session", "value": SESSION, "url": address}])
    found = Person(context.new_page(), address, chat, model)
    found.open()
    yield found
    model.end()
    context.close()
    assert found.complaints == []
