"""docs/forms.md is what the command makes of the cases; versions may differ."""

import pytest

from tests.forms.cases import CASES
from tests.forms.page.headings import HEADINGS
from tests.forms.page.printed import PRINTED, all_sent_at_first_text
from tests.forms.page.table import PAGE, VERSIONS, made

pytestmark = pytest.mark.filterwarnings(
    "ignore::langchain_core._api.LangChainBetaWarning"
)


def without_versions(page: str) -> list[str]:
    return [line for line in page.splitlines() if not line.startswith(VERSIONS)]


async def test_the_page_is_what_its_command_makes():
    page = PAGE.read_text("utf-8")
    assert without_versions(page) == without_versions(await made()), (
        "make it anew: python -m tests.forms.page"
    )


def test_every_case_has_its_page_and_heading():
    assert set(HEADINGS) == {case.id for case in CASES} | {"lc-e7"}
    assert set(PRINTED) <= set(HEADINGS)


def test_text_comes_early_where_nobody_read_the_thoughts_first():
    assert not all_sent_at_first_text(thoughts=False)
