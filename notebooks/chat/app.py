"""The chat's routes. `uvicorn --factory chat.app:create --app-dir notebooks`

A refusal that comes before the first byte is an HTTP status; a later one is the last
event. Leaving is not stopping: who comes back finds the answer where it is.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict, Field

from chat import page, problems
from chat.limits import BodyLimit
from chat.models import Agent, Ask
from chat.process import hearing_signals, is_main, quiet_access_log
from chat.service import Chat
from chat.sessions import opens, remember, session_of
from chat.settings import Settings
from course_utils import tune_gc
from course_utils.serving import (
    HEADERS,
    LAST,
    MEDIA_TYPE,
    Event,
    ReplayAway,
    position_of,
)

STATUS = {"ModelRateLimitError": 503, "ModelTimeoutError": 504, "StreamTimeout": 504}
KINDS = ["text", "reasoning", "aside", "tool_call", "tool_result", "progress"]
KINDS += ["interrupt", "restart", "refusal", "data", *sorted(LAST)]
TEXT = {"type": "string"}
EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {"event": {"enum": KINDS}, "data": TEXT, "id": TEXT},
}
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events; the last is done, stopped, paused, cut or error",
        "content": {MEDIA_TYPE: {"itemSchema": EVENT}},
    }
}
REFUSALS = (400, 413, 422, 429, 502, 503, 504)
GONE = "No such answer, or no longer."

router = APIRouter()


# Both async, though they wait for nothing: FastAPI asks a plain function on a thread.
async def chat_of(request: Request) -> Chat:
    """The chat of the app that got this request."""
    chat: Chat = request.app.state.chat
    return chat


async def asker_of(request: Request) -> str:
    """Whose request it is."""
    return session_of(request)


Here = Annotated[Chat, Depends(chat_of)]
Session = Annotated[str, Depends(asker_of)]


class Question(BaseModel):
    """What somebody asks."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=4000, pattern=r"\S")


class Said(BaseModel):
    """What a person says to a run that waits; the agent's own words for it."""

    model_config = ConfigDict(extra="forbid")

    value: Any


@router.post(
    "/chat",
    responses=STREAM | problems.documented(*REFUSALS),
    response_class=StreamingResponse,
)
async def start(
    question: Question, request: Request, chat: Here, session: Session
) -> Response:
    """Ask, and read the answer as it comes. `Location` is its address."""
    await admit(chat, request)
    name = await chat.begin(question.text, session)
    return await begun(chat, request, session, name)


async def begun(chat: Chat, request: Request, session: str, name: str) -> Response:
    """The answer that has begun, or the status of one that did not."""
    if error := await chat.refusal(name):
        return refused(error)
    response = await streamed(chat, session, name)
    response.headers["Location"] = f"chat/{name}"
    remember(response, request, session)
    return response


async def admit(chat: Chat, request: Request) -> None:
    """Let a question in, or refuse it with a status."""
    if chat.closing:
        raise HTTPException(503, "Going away: ask again.", {"Retry-After": "1"})
    await chat.limits.admit(request.client.host if request.client else "")


def refused(error: Event) -> JSONResponse:
    """The status of a model that did not answer at all."""
    kind = json.loads(error.data)["type"]
    status = STATUS.get(kind, 502)
    headers = {"Retry-After": "5"} if status == 503 else None
    return problems.problem(status, "The model did not answer.", headers, error=kind)


async def streamed(chat: Chat, session: str, name: str, after: int = 0) -> Response:
    """The events of an answer after this one."""
    body = await chat.body(session, name, after)
    if body is None:
        raise HTTPException(404, GONE)
    return StreamingResponse(body, media_type=MEDIA_TYPE, headers=HEADERS)


@router.get(
    "/chat/{name}",
    responses=STREAM | problems.documented(404, 422, 503),
    response_class=StreamingResponse,
)
async def resume(
    name: str,
    chat: Here,
    session: Session,
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """Read on after the event of this id, or from the beginning."""
    if not opens(session, name):
        raise HTTPException(404, GONE)
    of, after = position_of(last_event_id or f"{name}.0")
    if of != name or after < 0:
        raise HTTPException(422, "Last-Event-ID is no event of this answer.")
    return await streamed(chat, session, name, after)


@router.post(
    "/chat/{name}/answer",
    responses=STREAM | problems.documented(*REFUSALS, 404, 409),
    response_class=StreamingResponse,
)
async def go_on(
    name: str, said: Said, request: Request, chat: Here, session: Session
) -> Response:
    """Answer an answer that is `paused`; what it says then has an address of its own.

    The run goes on where it waits, for the first who answers; later ones get 409.
    """
    if not opens(session, name):
        raise HTTPException(404, GONE)
    await admit(chat, request)
    following = await chat.go_on(name, said.value, session)
    if following is None:
        raise HTTPException(409, "It waits for no answer, or no longer.")
    return await begun(chat, request, session, following)


@router.delete(
    "/chat/{name}", status_code=204, responses=problems.documented(404, 422, 503)
)
async def stop(name: str, chat: Here, session: Session) -> None:
    """Stop the answer: its model, and for every reader the last event is `stopped`."""
    if not await chat.stop(session, name):
        raise HTTPException(404, GONE)


@router.get("/health")
async def health() -> dict[str, str]:
    """Whether this process lives; also while it drains."""
    return {"status": "alive"}


@router.get("/ready", responses=problems.documented(503))
async def ready(chat: Here) -> dict[str, str]:
    """Whether to send questions here: a balancer asks."""
    if chat.closing:
        raise HTTPException(503, "Going away.")
    return {"status": "ready"}


@router.get("/metrics", include_in_schema=False)
async def metrics(chat: Here) -> Response:
    """For Prometheus; a proxy keeps it from everybody else."""
    found = generate_latest(chat.metrics.registry)
    return Response(found, media_type=CONTENT_TYPE_LATEST)


async def away(request: Request, error: Exception) -> JSONResponse:
    """Another worker has the answer, and Redis, which leads there, is away."""
    return problems.problem(503, str(error), {"Retry-After": "2"})


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """From the first request to the last."""
    chat: Chat = app.state.chat
    chat.closing = False  # it may have run before, and ended
    quiet_access_log()
    if is_main():  # in a notebook's thread neither signals nor the collector are ours
        tune_gc()
    with hearing_signals(chat.drain):
        yield
    await chat.close()


def create(settings: Settings | None = None, ask: Ask | Agent | None = None) -> FastAPI:
    """The app.

    Args:
        settings: By default those of the environment.
        ask: Who answers; by default the model of the settings.
    """
    settings = settings or Settings()
    app = FastAPI(title="Chat", lifespan=lifespan, redirect_slashes=False)
    app.state.chat = Chat(settings, ask)
    app.add_middleware(BodyLimit, limit=settings.max_body)
    problems.install(app)
    app.add_exception_handler(ReplayAway, away)
    app.include_router(router)
    app.include_router(page.router)
    return app
