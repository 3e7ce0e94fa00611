"""Which path of the server is which API, and what it says to everything else.

route("POST", "/v1/chat/completions", b'{"model": "fake", "messages": [...]}')
"""

import hmac
import json
from typing import Any

from course_utils.wire_api import Api, Shared
from course_utils.wire_chat import ChatCompletions
from course_utils.wire_completions import Completions
from course_utils.wire_errors import Refused
from course_utils.wire_responses import Responses

APIS: dict[str, type[Api]] = {
    api.path: api for api in (ChatCompletions, Completions, Responses)
}
MODELS = "/v1/models"


def check_key(header: str | None, key: str) -> None:
    """Refuse a request whose `Authorization` header does not carry the key."""
    given = (header or "").removeprefix("Bearer ").strip()
    if not given:
        raise Refused(
            401, "You didn't provide an API key: send Authorization: Bearer YOUR_KEY."
        )
    if not hmac.compare_digest(given.encode(), key.encode()):
        raise Refused(
            401,
            f"Incorrect API key provided: {given[:3]}***. "
            "Send the key that FakeServer(key=...) was made with.",
            code="invalid_api_key",
        )


def route(
    method: str, path: str, body: bytes, shared: Shared | None = None
) -> Api | dict[str, Any]:
    """The API that answers this request, or the answer itself when it is plain."""
    path = path.partition("?")[0]
    if path == MODELS or path.startswith(f"{MODELS}/"):
        _only("GET", method, path)
        return models(path.removeprefix(MODELS)[1:])
    if path not in APIS:
        raise Refused(404, f"Invalid URL ({method} {path})")
    _only("POST", method, path)
    try:
        return APIS[path](_parsed(body), shared)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused(
            400, f"Invalid request body: {error!r}.", code="invalid_value"
        ) from error


def models(name: str) -> dict[str, Any]:
    """What `/v1/models` answers: one model, that goes by any name."""
    model = {"id": name or "fake", "object": "model", "created": 0}
    model["owned_by"] = "course"
    return model if name else {"object": "list", "data": [model]}


def _only(allowed: str, method: str, path: str) -> None:
    if method != allowed:
        hint = "(HINT: Perhaps you meant to use a different HTTP method?)"
        raise Refused(405, f"Not allowed to {method} on {path}. {hint}")


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    if isinstance(parsed, dict):
        return parsed
    raise Refused(
        400,
        "We could not parse the JSON body of your request. "
        "(HINT: the API expects a JSON object, and what was sent is none.)",
    )
