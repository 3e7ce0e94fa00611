"""The page: three files of ours, and the course's own Markdown, served as they are."""

from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, Response

import course_utils
from chat.sessions import remember, session_of

HERE = Path(__file__).parent
MARKDOWN = Path(course_utils.__file__).parent / "live" / "page"
FILES = {"page.css": "text/css", "page.js": "text/javascript"}
MODULES = {"dom", "markdown", "library", "rules", "heal", "highlight"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
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


@router.get("/{name}")
async def file(name: str) -> Response:
    """What the page loads."""
    if name not in FILES:
        raise HTTPException(404, "No such file.")
    return FileResponse(HERE / name, media_type=FILES[name], headers=HEADERS)


@router.get("/markdown/{name}.js")
async def module(name: str) -> Response:
    """The course's Markdown, which makes no HTML."""
    if name not in MODULES:
        raise HTTPException(404, "No such file.")
    path = MARKDOWN / f"{name}.js"
    return FileResponse(path, media_type="text/javascript", headers=HEADERS)
