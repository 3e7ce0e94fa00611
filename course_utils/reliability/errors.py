"""Every error of a stream as one family, with the text that had arrived.

Some failures leave LangChain unclassified: broken JSON, an error event, a ValueError.
Here they become a `ModelError` that says whether to ask again; the cause is kept.

    raise with_partial(as_model_error(error), partial)
"""

from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from langchain_core.exceptions import ModelError
from langchain_core.messages import AIMessageChunk

# Bugs, not faults of a stream: they pass as they are.
BUGS = (TypeError, AttributeError, NameError, NotImplementedError, AssertionError)
# The SDK's own errors for an answer that met its limit: asking again meets it again.
LIMITS = ("LengthFinishReasonError", "ContentFilterFinishReasonError")
RETRYABLE_STATUS = (408, 409, 429)


class StreamError(ModelError):
    """A stream failed; `partial` holds the message as far as it had arrived.

    Attributes:
        partial: What had arrived, an `AIMessageChunk`; its text may be empty.
    """

    def __init__(self, message: str, partial: AIMessageChunk | None = None) -> None:
        super().__init__(message)
        self.partial = AIMessageChunk(content="") if partial is None else partial


class StreamBroken(StreamError):
    """A stream broke with an error of no known kind: see its `__cause__`."""

    def __init__(self, message: str, *, is_retryable: bool = True) -> None:
        super().__init__(message)
        self.is_retryable = is_retryable


def as_model_error(error: Exception) -> Exception:
    """The error itself if it is a `ModelError` or a bug; else a `StreamBroken` of it.

    >>> error = as_model_error(ValueError("server_error"))
    >>> type(error).__name__, error.__cause__
    ('StreamBroken', ValueError('server_error'))
    """
    if isinstance(error, (ModelError, *BUGS)):
        return error
    name = type(error).__name__
    broken = StreamBroken(
        f"The stream broke with {name}: {error} "
        "Read what arrived in .partial and the cause in .__cause__.",
        is_retryable=_may_pass(error),
    )
    broken.__cause__ = error
    return broken


def _may_pass(error: Exception) -> bool:
    if type(error).__name__ in LIMITS:
        return False
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        return True
    return status in RETRYABLE_STATUS or status >= 500


def with_partial(error: Exception, partial: AIMessageChunk) -> Exception:
    """The same error, carrying the message as far as it had arrived."""
    with suppress(AttributeError, TypeError):  # some classes take no attributes
        error.partial = partial  # type: ignore[attr-defined]  # on a provider's class too
    return error


LONGEST_WAIT = 86_400.0  # seconds; nobody waits longer, so nobody can have meant it


def retry_after_of(error: Any) -> float | None:
    """Seconds to wait before the next request, if the server said so.

    Read from the error itself or from its response's headers: seconds, milliseconds,
    or a date, which counts from the server's own `Date`. What is none of these, or
    more than a day, is as good as nothing.
    """
    try:
        said = getattr(error, "retry_after", None)
        seconds = _told_in_headers(error) if said is None else float(said)
    except Exception:  # whatever a server sends, the error to show is its own
        return None
    believable = seconds is not None and 0 <= seconds <= LONGEST_WAIT
    return seconds if believable else None


def _told_in_headers(error: Any) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    fields = {str(name).lower(): value for name, value in headers.items()}
    if "retry-after-ms" in fields:
        return float(fields["retry-after-ms"]) / 1000
    value, date = fields.get("retry-after"), fields.get("date")
    if not value:
        return None
    if str(value).replace(".", "", 1).isdecimal():
        return float(value)
    if not date:
        return None
    return max(0.0, (_moment(value) - _moment(date)).total_seconds())


def _moment(date: str) -> datetime:
    """The moment of a date; `-0000` means universal time, from no place."""
    moment = parsedate_to_datetime(date)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
