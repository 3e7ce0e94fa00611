"""What the server answers when it does not answer: a status and a JSON error.

The statuses and the shape of the body are OpenAI's, so that every client maps them to
the errors it raises in production.

    raise Refused(404, "Invalid URL (POST /v1/chat)")
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from langchain_core.exceptions import (
    ContextOverflowError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
    ModelTimeoutError,
)

from course_utils.fake.reply import Reply

OVERLOADED = "The server had an error while processing your request."

# For a reply's status: the error's type, its code, its message.
STATUSES: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", None, "The request was refused as invalid."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", None, "This key may not use this model."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached: slow down."),
    503: ("server_error", None, "The engine is overloaded: try again later."),
}

# LangChain's errors among the replies, as the status that makes a client raise them.
EXCEPTIONS: dict[type[Exception], int] = {
    ModelAuthenticationError: 401,
    ModelPermissionDeniedError: 403,
    ModelNotFoundError: 404,
    ModelRateLimitError: 429,
    ModelInvalidRequestError: 400,
    ContextOverflowError: 400,
    ModelTimeoutError: 504,
    TimeoutError: 504,
}


class Refused(Exception):
    """A request that gets a status and an error body instead of an answer."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        allow: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"message": message, "type": kind, "param": param, "code": code}
        self.retry_after = retry_after
        self.allow = allow  # the methods that would not be refused

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with this refusal."""
        headers = {"Allow": self.allow} if self.allow else {}
        if self.retry_after is not None:
            headers["Retry-After"] = f"{self.retry_after:g}"
        return headers


def refusal(reply: Reply) -> Refused:
    """How a reply with a status is refused."""
    status = reply.status or 500
    other = "server_error" if status >= 500 else "invalid_request_error"
    kind, code, message = STATUSES.get(status, (other, None, OVERLOADED))
    if isinstance(reply.exception, ContextOverflowError):
        code = "context_length_exceeded"
    message = str(reply.exception or "") or message
    return Refused(status, message, kind=kind, code=code, retry_after=reply.retry_after)


def without_exception(reply: Reply) -> Reply:
    """A reply that raises, as the status (or the reset) it is on the wire.

    >>> without_exception(Reply(exception=TimeoutError())).status
    504
    """
    error = reply.exception
    if error is None:
        return reply
    if isinstance(error, (ConnectionError, ModelConnectionError)):
        return replace(reply, reset=True)
    known = [status for kind, status in EXCEPTIONS.items() if isinstance(error, kind)]
    status = getattr(error, "status_code", None) or [*known, 500][0]
    wait = reply.retry_after or getattr(error, "retry_after", None)
    return replace(reply, status=status, retry_after=wait)


def required(body: Mapping[str, Any], name: str) -> Any:
    """The field of that name, or the refusal that the real API gives."""
    if body.get(name) is not None:
        return body[name]
    if name == "model":
        raise Refused(400, "you must provide a model parameter")
    raise Refused(
        400,
        f"Missing required parameter: '{name}'.",
        param=name,
        code="missing_required_parameter",
    )
