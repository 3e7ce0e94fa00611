"""The page: three files of ours, and the course's own Markdown, served as they are."""

from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, Response

from chat.sessions import remember, session_of
from course_utils.live.page.feeder import page_code

HERE = Path(__file__).parent
FILES = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page(request: Request) -> Response:
    """The page; who comes for the first time gets a session."""
    response = FileResponse(HERE / "page.html", headers=HEADERS)
    remember(response, request, session_of(request))
    return response


@router.get("/markdown.js")
async def markdown() -> Response:
    """The course's Markdown as one module; it makes elements, never HTML."""
    return Response(page_code(), media_type="text/javascript", headers=HEADERS)


@router.get("/{name}")
async def file(name: str) -> Response:
    """What the page loads."""
    if name not in FILES:
        raise HTTPException(404, "No such file.")
    return FileResponse(HERE / name, media_type=FILES[name], headers=HEADERS)
