"""The pages' style sheet and scripts: our own, and those in ``vendor``."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from service.problems import ProblemError

FOLDER = Path(__file__).with_name("static")
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}

router = APIRouter(prefix="/static", include_in_schema=False)


@router.get("/{name:path}")
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
    paths = [path for path in FOLDER.rglob("*") if path.suffix in TYPES]
    contents = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in paths}
    return {
        name: (content, f'"{hashlib.sha256(content).hexdigest()[:16]}"') for name, content in contents.items()
    }
