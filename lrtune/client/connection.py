"""Requests over HTTP: tokens, retries, and what answers that are no answers mean."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, Any

import httpx
from pydantic import ValidationError

from lrtune.client.backoff import ATTEMPTS, REFUSED, RETRIED, RETRY_AFTER_MAX_S, pause_s, retry_after_s
from lrtune.client.endpoint import Endpoint
from lrtune.client.errors import ApiError, NotUnderstood, Unreachable
from lrtune.wire import Problem


def utc_now() -> datetime:
    return datetime.now(UTC)


class Connection:
    """Calls one server. All calls but ``post_once`` are idempotent, and made again after a failure.

    Args:
        endpoint: The server, and the token.
        timeout_s: Seconds for connecting, and between two reads or writes.
        transport: Takes the place of the network, in tests.
        sleep: Waits so many seconds.
        rng: Spreads retries of many clients.
        now: Wall clock, for a ``Retry-After`` that is a date.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        timeout_s: float,
        transport: httpx.BaseTransport | None,
        sleep: Callable[[float], None],
        rng: random.Random,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.url = endpoint.url
        self.sleep = sleep
        self.rng = rng
        self._now = now
        headers = {"Accept": "application/json, */*;q=0.1"}
        if endpoint.token:
            headers["Authorization"] = f"Bearer {endpoint.token}"
        self._http = httpx.Client(
            headers=headers, timeout=timeout_s, transport=transport, trust_env=not endpoint.loopback
        )

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> httpx.Response:
        """The successful answer to a GET; parameters that are None are left out.

        Raises:
            ApiError, Unreachable, NotUnderstood: As in ``lrtune.client.errors``.
        """
        return self._call("GET", path, params={k: v for k, v in (params or {}).items() if v is not None})

    def post(self, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """The successful answer to a POST of JSON; raises likewise."""
        options = {} if body is None else {"json": body}
        return self._call("POST", path, headers=dict(headers or {}), **options)

    def patch(self, path: str, body: Any) -> httpx.Response:
        """The successful answer to a PATCH with JSON; raises likewise."""
        return self._call("PATCH", path, json=body)

    def post_once(self, path: str, body: Any) -> httpx.Response:
        """Likewise, but made again only if the server cannot have acted on it: what it makes is made once."""
        return self._call("POST", path, once=True, json=body)

    def upload(self, path: str, fields: Mapping[str, str], name: str, file: IO[bytes]) -> httpx.Response:
        """The successful answer to a POST of a form with one file, ``bundle``; raises likewise.

        Args:
            fields: The form's other fields.
            name: Of the file.
            file: Seekable, since it is read again for each attempt.
        """
        return self._call("POST", path, data=dict(fields), files={"bundle": (name, file)})

    def put(self, path: str, body: Any = None) -> httpx.Response:
        """The successful answer to a PUT of JSON, or of nothing; raises likewise."""
        return self._call("PUT", path, **({} if body is None else {"json": body}))

    def delete(self, path: str) -> httpx.Response:
        """The successful answer to a DELETE; raises likewise."""
        return self._call("DELETE", path)

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str], *, read_s: float) -> Iterator[httpx.Response]:
        """A successful answer whose body is still to be read; made once, retries are the caller's.

        Raises:
            ApiError, NotUnderstood: Likewise.
            httpx.TransportError: The connection failed.
        """
        timeout = httpx.Timeout(self._http.timeout.connect, read=read_s)
        with self._http.stream("GET", self.url + path, headers=dict(headers), timeout=timeout) as response:
            if not response.is_success:
                response.read()
                raise self.refusal(response)
            yield response

    def rest(self, response: httpx.Response) -> None:
        """Wait as long as an answer that holds nothing yet asks for."""
        self.sleep(min(retry_after_s(response, self._now()) or 1.0, RETRY_AFTER_MAX_S))

    def _call(self, method: str, path: str, *, once: bool = False, **options: Any) -> httpx.Response:
        last = ATTEMPTS - 1
        for attempt in range(ATTEMPTS):
            delay = pause_s(attempt, self.rng)
            try:
                response = self._http.request(method, self.url + path, **options)
            except httpx.TransportError as error:
                if attempt == last or (once and not isinstance(error, httpx.ConnectError)):
                    raise Unreachable(self.url, reason(error)) from None
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise NotUnderstood(self.url, reason(error)) from None
            else:
                if response.is_success:
                    return response
                asked = retry_after_s(response, self._now()) or 0.0
                if (
                    response.status_code not in (REFUSED if once else RETRIED)
                    or attempt == last
                    or asked > RETRY_AFTER_MAX_S
                ):
                    raise self.refusal(response)
                delay = max(delay, asked)
            self.sleep(delay)
        raise AssertionError("the last attempt returns or raises")

    def refusal(self, response: httpx.Response) -> ApiError:
        """The error of an answer that is no success: a problem document, or a page of something between."""
        try:
            return ApiError(Problem.model_validate_json(response.content))
        except ValidationError:
            status = response.status_code
            said = f"{status} {response.reason_phrase}".strip()
            return ApiError(
                Problem(
                    type="about:blank",
                    title=response.reason_phrase or "Refused",
                    status=status,
                    code=f"http_{status}",
                    detail=f"{self.url} answered with status {said}.",
                    remedy="Check that LRTUNE_URL names an lrtune server, and what stands between.",
                )
            )


def reason(error: Exception) -> str:
    """What a transport error says, in a few words."""
    text = str(error).strip() or type(error).__name__
    return "it took too long" if isinstance(error, httpx.TimeoutException) else text
