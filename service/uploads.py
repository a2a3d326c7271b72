"""Forms with a file: bounded while they stream in, spooled to disk, never whole in memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import FormData, UploadFile

from lrtune.bundle.requirements import TEXT_MAX
from lrtune.wire import FieldError
from service.bodies import bounded, in_time
from service.problems import ProblemError, field_problem

FIELDS = ("bundle", "name", "entry", "requirements")
"""Of the form that pushes a task."""

OVERHEAD_BYTES = 4 * TEXT_MAX
"""What the form's other fields may take beside the file."""

UPLOAD_TIMEOUT_S = 300.0


class UploadRoute(APIRoute):
    """A route whose form, if there is one, is read strictly before FastAPI looks at it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def read_strictly(request: Request) -> Response:
            if request.method in ("GET", "HEAD"):
                return await handler(request)
            _check_media_type(request)
            limit = request.app.state.context.settings.upload_limit
            upload = _Upload(request, limit + OVERHEAD_BYTES)
            try:
                async with in_time(UPLOAD_TIMEOUT_S):
                    form = await upload.form(max_files=2, max_fields=len(FIELDS), max_part_size=TEXT_MAX)
                    await upload.tidy(form, limit)
                return await handler(upload)
            finally:
                await upload.close()

        return read_strictly


class _Upload(Request):
    """A request whose stream ends with a problem when it grows too large."""

    def __init__(self, request: Request, limit: int) -> None:
        super().__init__(request.scope, request.receive)
        self._whole = request
        self._limit = limit

    async def stream(self) -> AsyncGenerator[bytes, None]:
        async for chunk in bounded(self._whole, self._limit, "LRTUNE_UPLOAD_LIMIT"):
            yield chunk

    async def tidy(self, form: FormData, limit: int) -> None:
        """Check the form's fields, and let the text fields come as files (``-F requirements=@FILE``) too.

        Raises:
            ProblemError: ``invalid_request`` for a field that is unknown or there twice; ``body_too_large``.
        """
        items: list[tuple[str, UploadFile | str]] = []
        for name, value in form.multi_items():
            if name not in FIELDS:
                detail, remedy = f"There is no field {name[:100]!a}.", f"The form has {', '.join(FIELDS)}."
                raise field_problem([FieldError(field=f"/{name[:100]}", detail=detail, remedy=remedy)])
            if any(name == other for other, _ in items):
                detail = f"The field {name} is there twice."
                raise field_problem([FieldError(field=f"/{name}", detail=detail, remedy="Give it once.")])
            if isinstance(value, UploadFile) and name != "bundle":
                value = (await value.read(TEXT_MAX + 1)).decode(errors="replace")
            elif isinstance(value, UploadFile) and (value.size or 0) > limit:
                raise ProblemError(
                    "body_too_large",
                    f"The bundle is larger than {limit} bytes.",
                    "Keep data out of it: name it by URL and digest, or by a path that workers have.",
                )
            items.append((name, value))
        self._form = FormData(items)


def _check_media_type(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "multipart/form-data":
        said = f"The body is announced as {media_type!a}" if media_type else "The body has no Content-Type"
        raise ProblemError(
            "unsupported_media_type", f"{said}.", "Send a form: curl -F bundle=@train.py -F name=… -F entry=…"
        )
