"""Request bodies: bounded while they stream in; JSON by name and by content, and nothing a database refuses.

Python's parser takes NaN, endless integers and repeated keys; PostgreSQL takes neither NUL nor lone
surrogates. Each is refused here, once, for every route.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from lrtune.wire import FieldError
from lrtune.wire.pointer import escape
from service.problems import ProblemError, field_problem

MAX_DEPTH = 32
MAX_INTEGER = 2**63 - 1
DRAIN_BYTES = 64 * 1024 * 1024
"""How much of a refused body is read and thrown away, so that the client gets to see the answer."""

BODY_TIMEOUT_S = 30.0


class JsonRoute(APIRoute):
    """A route whose body, if there is one, is read strictly before FastAPI looks at it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def read_strictly(request: Request) -> Response:
            if request.method in ("GET", "HEAD", "DELETE"):
                return await handler(request)
            raw = await read(request, limit=request.app.state.context.settings.body_limit)
            return await handler(_ReadRequest(request, raw, _value(request, raw)))

        return read_strictly


class _ReadRequest(Request):
    """A request whose body has been read and parsed."""

    def __init__(self, request: Request, raw: bytes, value: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._raw = raw
        self._value = value

    async def body(self) -> bytes:
        return self._raw

    async def json(self) -> Any:
        return self._value


async def read(request: Request, *, limit: int) -> bytes:
    """The whole body.

    Raises:
        ProblemError: As ``bounded``; ``request_timeout`` if it does not arrive within ``BODY_TIMEOUT_S``.
    """
    async with in_time(BODY_TIMEOUT_S):
        return b"".join([chunk async for chunk in bounded(request, limit, "LRTUNE_BODY_LIMIT")])


@asynccontextmanager
async def in_time(seconds: float) -> AsyncIterator[None]:
    """Give what reads a body so many seconds.

    Raises:
        ProblemError: ``request_timeout``.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise ProblemError(
            "request_timeout",
            f"The body did not arrive within {seconds:.0f} seconds.",
            "Send the request again.",
        ) from None


async def bounded(request: Request, limit: int, variable: str) -> AsyncIterator[bytes]:
    """The chunks of a body as they come in.

    Args:
        limit: Bytes.
        variable: The setting that holds the limit, for the remedy.

    Raises:
        ProblemError: ``body_too_large`` over ``limit`` bytes, with or without Content-Length.
    """
    too_large = ProblemError(
        "body_too_large",
        f"The body is larger than {limit} bytes.",
        f"Send at most {limit} bytes; the server's administrator can raise {variable}.",
    )
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit + DRAIN_BYTES:
        raise too_large
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            yield chunk
        elif size > DRAIN_BYTES:
            break
    if size > limit:
        raise too_large


def _value(request: Request, raw: bytes) -> Any:
    if not raw:
        return None
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        said = f"The body is announced as {media_type!r}" if media_type else "The body has no Content-Type"
        raise ProblemError(
            "unsupported_media_type", f"{said}.", "Send JSON with the header Content-Type: application/json."
        )
    return parse(raw)


def parse(raw: bytes) -> Any:
    """Parse JSON text strictly.

    Raises:
        ProblemError: ``malformed_json`` for anything RFC 8259 does not allow or does not recommend: NaN and
            infinities, repeated keys, text that is not UTF-8, nesting deeper than ``MAX_DEPTH``;
            ``invalid_request`` with the field's pointer for NUL characters, lone surrogates and integers
            that do not fit 64 bits.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
        )
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError as error:
        raise _malformed(f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _malformed(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except ValueError as error:
        raise _malformed(str(error)) from None
    _check(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} is there twice in one object")
    return value


def _constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is too large for a number")
    return value


def _check(value: Any) -> None:
    waiting: list[tuple[str, int, Any]] = [("", 1, value)]
    while waiting:
        pointer, depth, value = waiting.pop()
        if depth > MAX_DEPTH:
            raise _too_deep()
        if isinstance(value, dict):
            for name, member in value.items():
                where = f"{pointer}/{escape(name)}"
                _check_text(pointer, name)
                waiting.append((where, depth + 1, member))
        elif isinstance(value, list):
            waiting.extend((f"{pointer}/{n}", depth + 1, item) for n, item in enumerate(value))
        elif isinstance(value, str):
            _check_text(pointer, value)
        elif isinstance(value, int) and abs(value) > MAX_INTEGER:
            detail = "The integer does not fit 64 bits."
            raise field_problem([FieldError(field=pointer, detail=detail, remedy="Give a smaller number.")])


def _check_text(pointer: str, text: str) -> None:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        detail = "The text holds a NUL character or half of a surrogate pair."
        raise field_problem([FieldError(field=pointer, detail=detail, remedy="Remove the character.")])


def _malformed(what: str) -> ProblemError:
    return ProblemError(
        "malformed_json", f"The body is not acceptable JSON: {what}.", "Correct the JSON and send it again."
    )


def _too_deep() -> ProblemError:
    return _malformed(f"it nests deeper than {MAX_DEPTH} levels")
