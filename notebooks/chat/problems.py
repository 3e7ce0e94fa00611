"""Errors as RFC 9457 problem details, in which nothing of the request comes back."""

import logging
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("chat")

MEDIA_TYPE = "application/problem+json"
PLACES = {
    "body",
    "path",
    "header",
    "text",
    "name",
    "last-event-id",
    "value",
}  # our own names


def problem(
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """A response that says what is wrong, to a program and to a person."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(body | more, status, headers, media_type=MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These problems, for the OpenAPI description of a route."""
    texts, number = {"type": "string"}, {"type": "integer"}
    fields = {"type": texts, "title": texts, "status": number, "detail": texts}
    schema = {"type": "object", "required": list(fields), "properties": fields}
    content = {MEDIA_TYPE: {"schema": schema}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Every error of the app becomes a problem."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_middleware(Guard)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, str(error.detail), error.headers)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = [{"at": place(e["loc"]), "what": e["type"]} for e in error.errors()]
    return problem(422, "The request does not fit.", errors=found)


def place(parts: tuple[Any, ...]) -> str:
    """Where the fault is; the name of a field that is not ours is left out.

    >>> place(("body", "text")), place(("body", "<script>"))
    ('body/text', 'body/?')
    """
    return "/".join(str(p) if p in PLACES else "?" for p in parts)


class Guard:
    """An ASGI middleware: a fault of ours is a problem, and its text stays out of logs.

    Starlette's own handler raises the error again, and the server writes it down, with
    whatever of a question its text quotes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, sent)
        except Exception as error:
            if scope["type"] != "http":
                raise
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s\n%s", type(error).__name__, where)
            if not begun:  # else the connection breaks off, which is the truth
                answer = problem(500, "Something broke here; it has been noted.")
                await answer(scope, receive, send)
