"""The pages' own style sheet and script."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from service.problems import ProblemError

FOLDER = Path(__file__).with_name("static")
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

router = APIRouter(prefix="/static", include_in_schema=False)


@router.get("/{name}")
async def get_static_file(name: str, request: Request) -> Response:
    """A file by its name; a browser asks again each time, and is told in a word that nothing changed."""
    found = _files().get(name)
    if found is None:
        raise ProblemError("not_found", f"There is no file {name[:64]!r}.", "Start from the page /.")
    content, tag = found
    headers = {"ETag": tag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=TYPES[Path(name).suffix], headers=headers)


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    contents = {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in TYPES}
    return {
        name: (content, f'"{hashlib.sha256(content).hexdigest()[:16]}"') for name, content in contents.items()
    }
