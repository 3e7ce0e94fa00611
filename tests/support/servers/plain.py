"""What people serve who think of no proxy: a plain streaming response, for a lesson."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

TOKENS = 20
HEADERS = {"X-Accel-Buffering": "no"}  # as `sse_response` sends it


def create() -> FastAPI:
    """An app with one answer of a second."""
    app = FastAPI()

    @app.get("/ready")
    async def ready() -> str:
        return "ready"

    @app.get("/plain")
    async def plain() -> StreamingResponse:
        return StreamingResponse(tokens(), media_type="text/event-stream")

    @app.get("/headed")
    async def headed() -> StreamingResponse:
        return StreamingResponse(
            tokens(), media_type="text/event-stream", headers=HEADERS
        )

    return app


async def tokens() -> AsyncIterator[str]:
    for number in range(TOKENS):
        yield f"data: {number}\n\n"
        await asyncio.sleep(0.05)
