"""The server is killed in mid-answer: the page says so, and keeps what came."""

import signal
import sys

import pytest
from playwright.sync_api import Browser, expect

from tests.chat.page.person import Person, Puppet
from tests.chat.test_drain import process

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
]


def test_a_killed_server_is_an_answer_that_is_cut(browser: Browser, tmp_path):
    with process(tmp_path / "log", CHAT_PER_TOKEN="0.3") as (server, address):
        page = browser.new_page()
        page.clock.install()
        person = Person(page, address, None, Puppet())
        person.open()
        person.ask()
        person.sees("streaming")
        server.send_signal(signal.SIGKILL)
        person.sees("connecting again")
        came = person.answer.inner_text()
        assert came
        for _ in range(12):
            page.clock.run_for(6000)
            page.wait_for_timeout(20)
        person.sees("cut: the connection broke")
        person.reads(came)
        expect(person.button("Send")).to_be_enabled()
        page.close()
