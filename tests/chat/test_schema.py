"""Whatever the description of the app allows gets an answer that is described there.

schemathesis makes the requests, good ones and bad ones, and judges the answers.
"""

import logging
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from schemathesis import GenerationMode, checks

from chat.app import create
from tests.chat.site import TEXT, settings
from tests.support.watched import WatchedModel

pytestmark = pytest.mark.slow

checks.load_all_checks()
# Two routes, one for each method, share a path: FastAPI names in `Allow` the first's.
EXCLUDED = [checks.allow_header_conformance, checks.unsupported_method]
FEW = examples(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def described() -> Any:
    """The app's own description, and the app behind it."""
    app = create(settings(refuse_within=0), WatchedModel(replies=TEXT).astream)
    return schemathesis.openapi.from_asgi("/openapi.json", app)


ASK, READ, STOP = "POST /chat", "GET /chat/{name}", "DELETE /chat/{name}"
ANSWER = "POST /chat/{name}/answer"
ROUTES = [ASK, READ, STOP, ANSWER, "GET /health", "GET /ready"]
RIGHT, WRONG = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


def test_every_route_of_the_description_is_asked(described):
    found = [operation.ok().label for operation in described.get_all_operations()]
    assert sorted(found) == sorted(ROUTES)


@pytest.mark.parametrize(
    ("route", "mode"),  # whatever stands in a path is a name, if of no answer
    [(ASK, RIGHT), (ASK, WRONG), (READ, RIGHT), (STOP, RIGHT), (ANSWER, RIGHT)],
)
def test_each_answer_is_one_that_the_description_has(described, route, mode, caplog):
    caplog.set_level(logging.ERROR)
    operation = described.find_operation_by_label(route)

    @FEW
    @given(operation.as_strategy(generation_mode=mode))
    def asked(case: schemathesis.Case) -> None:
        case.call_and_validate(excluded_checks=EXCLUDED)

    asked()
    assert [record.message for record in caplog.records] == []
