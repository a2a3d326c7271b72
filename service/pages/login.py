"""Signing in to the pages with a token, and out again."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qs, quote

import anyio.to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from service.bodies import read
from service.context import Here
from service.pages.render import HEADERS, page
from service.problems import ProblemError

FORM_BYTES = 4096

router = APIRouter(include_in_schema=False)


@router.get("/login")
def show_login(here: Here, next: Annotated[str, Query(max_length=2000)] = "/") -> Response:
    """The form, or straight on where there is nothing to sign in to."""
    if not here.authentication.have_accounts():
        return RedirectResponse(inside(next), 303, headers=HEADERS)
    return page("login.html", next=inside(next), error=None)


@router.post("/login")
async def sign_in(request: Request, here: Here) -> Response:
    """Check the token, and begin a session with it: always a fresh one."""
    form = parse_qs((await read(request, limit=FORM_BYTES)).decode("utf-8", "replace"))
    secret, target = form.get("token", [""])[0].strip(), inside(form.get("next", ["/"])[0])
    try:
        caller = await anyio.to_thread.run_sync(here.authentication.bearer, secret)
    except ProblemError as error:
        return page("login.html", status=401, next=target, error=error.detail)
    request.state.caller = caller
    response = RedirectResponse(target, 303, headers=HEADERS)
    assert caller.token is not None
    here.authentication.sessions.start(response, caller.token, secure=over_https(request))
    return response


@router.post("/logout")
def sign_out(here: Here) -> Response:
    """End the session in this browser. Its token stays good: revoke that to end all of its sessions."""
    response = RedirectResponse("/login", 303, headers=HEADERS)
    here.authentication.sessions.end(response)
    return response


def login_url(request: Request) -> str:
    """Where to sign in, and come back from to what was asked for."""
    query = f"?{request.url.query}" if request.url.query else ""
    return f"/login?next={quote(request.url.path + query, safe='')}"


def inside(target: str) -> str:
    """``target`` if it is a path of this server, else the first page: login sends nobody elsewhere."""
    plain = target.isascii() and target.isprintable() and "\\" not in target
    return target if plain and target.startswith("/") and not target.startswith("//") else "/"


def over_https(request: Request) -> bool:
    """Whether the browser speaks https, perhaps to a proxy before this server: it says so in ``Origin``."""
    return request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")
