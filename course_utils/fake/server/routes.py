"""Which path of the server is which API, and what it says to everything else.

route("POST", "/v1/chat/completions", b'{"model": "fake", "messages": [...]}')
"""

import hmac
import json
from typing import Any

from course_utils.fake.server.api import Api, Shared
from course_utils.fake.server.chat_completions import ChatCompletions
from course_utils.fake.server.errors import Refused
from course_utils.fake.server.responses import Responses

APIS: dict[str, type[Api]] = {api.path: api for api in (ChatCompletions, Responses)}
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
    path, shared = path.partition("?")[0].rstrip("/"), shared or Shared()
    wanted = "GET" if method == "HEAD" else method
    if path == MODELS or path.startswith(f"{MODELS}/"):
        _only("GET", wanted, path)
        return models(path.removeprefix(MODELS)[1:])
    if path.startswith(f"{Responses.path}/"):
        return _kept(wanted, path, shared)
    if path not in APIS:
        raise Refused(404, f"Invalid URL ({method} {path})")
    _only("POST", method, path)
    try:
        return APIS[path](_parsed(body), shared)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Refused(
            400, f"Invalid request body: {error!r}.", code="invalid_value"
        ) from error


def _kept(method: str, path: str, shared: Shared) -> dict[str, Any]:
    """What is asked about a response that was given before."""
    name, _, what = path.removeprefix(f"{Responses.path}/").partition("/")
    if what not in ("", "input_items"):
        raise Refused(404, f"Invalid URL ({method} {path})")
    _only("GET" if what else ("GET", "DELETE"), method, path)
    if (earlier := shared.responses.get(name)) is None:
        raise Refused(404, f"Response with id '{name}' not found.", param="id")
    if what:
        return {"object": "list", "data": earlier.input[::-1], "has_more": False}
    if method == "DELETE":
        shared.responses.pop(name, None)
        return {"id": name, "object": "response", "deleted": True}
    return earlier.response


def models(name: str) -> dict[str, Any]:
    """What `/v1/models` answers: one model, that goes by any name."""
    model = {"id": name or "fake", "object": "model", "created": 0}
    model["owned_by"] = "course"
    return model if name else {"object": "list", "data": [model]}


def allow(path: str) -> str:
    """The methods that an address takes, as the header `Allow` names them."""
    path = path.partition("?")[0].rstrip("/")
    if path in APIS:
        return "POST, OPTIONS"
    stored = path.startswith(f"{Responses.path}/") and "/input_items" not in path
    return f"GET, HEAD{', DELETE' if stored else ''}, OPTIONS"


def _only(allowed: str | tuple[str, ...], method: str, path: str) -> None:
    if method not in ((allowed,) if isinstance(allowed, str) else allowed):
        hint = "(HINT: Perhaps you meant to use a different HTTP method?)"
        said = f"Not allowed to {method} on {path}. {hint}"
        raise Refused(405, said, allow=allow(path))


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):  # no JSON, or no end of brackets
        parsed = None
    if isinstance(parsed, dict):
        return parsed
    raise Refused(
        400,
        "We could not parse the JSON body of your request. "
        "(HINT: the API expects a JSON object, and what was sent is none.)",
    )
