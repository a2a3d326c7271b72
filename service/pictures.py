"""Pictures as HTTP responses: drawn once for what they show, and sent once to who has them."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, TypeVarTuple

from fastapi import Request, Response
from pydantic import BaseModel

KEPT = 64
"""Pictures kept in memory, of about 100 KB each; the longest unused is forgotten first."""

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture.",
        "content": {"image/png": {}},
        "headers": {"ETag": {"description": "Names the picture's content.", "schema": {"type": "string"}}},
    },
    304: {"description": "The picture is still the one that `If-None-Match` names."},
}
"""What a route of a picture declares to OpenAPI for its successes."""

Subjects = TypeVarTuple("Subjects")


class Pictures:
    """PNGs by what they show and the function that draws it.

    Equal subjects are drawn once, however many ask at once and whichever job they belong to.
    """

    def __init__(self) -> None:
        self._drawing = threading.Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def respond(self, request: Request, draw: Callable[[*Subjects], bytes], *subjects: *Subjects) -> Response:
        """The PNG ``draw(*subjects)``, or 304 if the request's ``If-None-Match`` says that it is known.

        Args:
            request: Who asks.
            draw: A pure function of its arguments.
            subjects: Wire models, or sequences of them.
        """
        tag = _tag(draw.__name__, subjects)
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        known = request.headers.get("if-none-match", "")
        if tag in [each.strip().removeprefix("W/") for each in known.split(",")]:
            return Response(status_code=304, headers=headers)
        # One at a time: drawing is all CPU, and whoever asks for the same picture finds it afterwards.
        with self._drawing:
            png = self._kept.pop(tag, None) or draw(*subjects)
            self._kept[tag] = png
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return Response(png, media_type="image/png", headers=headers)


def _tag(name: str, subjects: Sequence[object]) -> str:
    digest = hashlib.sha256(f"{version('lrtune')} {name}".encode())
    for subject in subjects:
        for model in subject if isinstance(subject, Sequence) else [subject]:
            assert isinstance(model, BaseModel)
            digest.update(model.model_dump_json().encode())
    return f'"{digest.hexdigest()[:32]}"'
