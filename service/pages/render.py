"""Templates to responses. Everything that goes into a page is escaped; pages load nothing from elsewhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from lrtune.wire import Problem
from service.caller import Caller
from service.pages import figures, told
from service.pages.data.families import colour

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def page(name: str, *, status: int = 200, who: Caller | None = None, **shown: Any) -> HTMLResponse:
    """The template ``name`` filled with ``shown``; ``who`` looks at it, None if that is not known."""
    text = _environment().get_template(name).render(shown, who=who)
    return HTMLResponse(text, status_code=status, headers=HEADERS)


def wants_page(request: Request) -> bool:
    """Whether a person looks at the reply: a path of the pages, asked for by a browser."""
    is_page = not request.url.path.startswith("/v1/")
    return is_page and "text/html" in request.headers.get("accept", "")


def problem_page(problem: Problem, headers: dict[str, str]) -> HTMLResponse:
    """A problem as a page."""
    found = page("problem.html", status=problem.status, problem=problem)
    found.headers.update(headers)
    return found


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": figures.number,
        "duration": figures.duration,
        "moment": figures.moment,
        "words": figures.words,
        "colour": colour,
        "told": told.sentence,
    }
    return environment
