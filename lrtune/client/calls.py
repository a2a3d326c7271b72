"""What every part of the client is made of: a call, read as a wire model, or a list, read page by page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from lrtune.client.connection import Connection
from lrtune.client.errors import ArgumentError, NotUnderstood
from lrtune.wire import Page

M = TypeVar("M", bound=BaseModel)

PAGE = 200
"""Items of a page: as many as the server gives."""


class Calls:
    """Calls of one server, read as wire models."""

    url: str
    _connection: Connection

    def _get(self, model: type[M], path: str, **params: Any) -> M:
        return self._read(model, self._connection.get(path, params))

    def _read(self, model: type[M], response: httpx.Response) -> M:
        try:
            return model.model_validate_json(response.content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "body"
            reason = f"{response.url.path}: {where}: {first['msg']}"
            raise NotUnderstood(self.url, reason) from None

    def _items(self, model: type[M], path: str, **params: Any) -> Iterator[M]:
        cursor: str | None = None
        while True:
            page = self._get(Page[model], path, limit=PAGE, cursor=cursor, **params)  # type: ignore[valid-type]
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return


def of_job(job_id: str, rest: str = "") -> str:
    """Path of a job's resource; what cannot be an id never becomes a part of a path.

    Raises:
        ArgumentError: It is no id.
    """
    if not (job_id.isascii() and job_id.isalnum()):
        raise ArgumentError("job", f"{job_id!r} is no job id.", "List jobs with `lrtune jobs`.")
    return f"/v1/jobs/{job_id}{rest}"


def plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """``fields`` as plain JSON values, wire models among them dumped with what was said.

    Raises:
        ArgumentError: A value cannot be JSON.
    """
    body = {}
    for name, value in fields.items():
        if isinstance(value, BaseModel):
            value = value.model_dump(mode="json", exclude_unset=True)
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ArgumentError(
                name, f"cannot be JSON ({error}).", "Give plain numbers, text, lists, dicts."
            ) from None
        body[name] = value
    return body
