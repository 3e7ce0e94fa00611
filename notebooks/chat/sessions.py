"""Whose an answer is: its name opens it to the session that asked, and to no other.

The session is a random cookie, and the name of an answer is sealed with it. So nothing
is looked up, and every worker knows it. With a log-in, return the user's id from
`session_of` instead.
"""

import hmac
import re
import secrets

from fastapi import Request, Response

COOKIE = "chat_session"


def session_of(request: Request) -> str:
    """The session of a request; a new one if it has none."""
    found = request.cookies.get(COOKIE, "")
    return found if re.fullmatch(r"[\w-]{22}", found, re.ASCII) else new_session()


def new_session() -> str:
    """128 random bits."""
    return secrets.token_urlsafe(16)


def remember(response: Response, request: Request, session: str) -> None:
    """Give the session to the browser, for this app's own addresses."""
    response.set_cookie(
        COOKIE,
        session,
        path=None,  # the page's folder, wherever a proxy has put it
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def name_for(session: str, thread: str = "") -> str:
    """A new name for an answer of this session, which nobody guesses.

    It begins with its thread: the answer that a person's answer goes on from has it,
    too.
    """
    number = f"{thread or secrets.token_hex(16)}{secrets.token_hex(4)}"
    return f"{number}-{_seal(number, session)}"


def thread_of(name: str) -> str:
    """The thread of an answer: what an agent's checkpoints are kept under."""
    return name[:32]


def opens(session: str, name: str) -> bool:
    """Whether this session may read the answer and stop it."""
    number, _, seal = name.partition("-")
    return hmac.compare_digest(_seal(number, session).encode(), seal.encode())


def _seal(number: str, session: str) -> str:
    return hmac.digest(session.encode(), number.encode(), "sha256").hex()[:16]
