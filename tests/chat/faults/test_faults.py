"""What the page says, what is billed and what is counted, whatever breaks."""

import pytest

from tests.chat.faults.behind import BEHIND
from tests.chat.faults.rows import ROWS
from tests.chat.faults.scene import scene
from tests.chat.faults.table import PAGE, page_of
from tests.support.servers import takes_a_minute
from tests.support.servers.proxies import program


@pytest.fixture(scope="module")
def place(browser):
    program("nginx")
    with scene(browser) as found:
        yield found


@takes_a_minute
@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fault)
def test_what_comes_of_a_fault_is_told_and_counted_as_it_is(row, place):
    assert place.play(row.act) == row.expected


def test_the_page_about_faults_says_what_these_rows_say():
    behind = [(row, row.flows, row.cuts) for row in BEHIND]
    told = page_of([(row.fault, row.expected) for row in ROWS], behind)
    assert PAGE.read_text("utf-8") == told
