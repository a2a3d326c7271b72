"""A server of canned answers behind httpx's mock transport."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import httpx

from lrtune.client import Client
from service import samples

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class FakeServer:
    """Answers each path with what it was told, in turn; the last answer is repeated.

    Attributes:
        requests: Everything that was asked.
        slept: Seconds of every pause of its clients.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []

    def on(self, route: str, *answers: Answer) -> FakeServer:
        """Answer ``"GET /v1/jobs"`` so."""
        self.answers[route] = list(answers)
        return self

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        turns = self.answers.get(f"{request.method} {request.url.path}")
        if turns is None:
            return problem(404, "not_found", f"Nothing at {request.url.path}.")
        answer = turns.pop(0) if len(turns) > 1 else turns[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return answer(request)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)

    def client(self, **more: Any) -> Client:
        return Client(
            "http://lrtune.test",
            transport=self.transport,
            sleep=self.slept.append,
            rng=random.Random(0),
            environ={},
            **more,
        )

    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.requests if request.content]


def model(value: Any, status: int = 200) -> httpx.Response:
    """A wire model as an answer."""
    return httpx.Response(
        status, content=value.model_dump_json(), headers={"Content-Type": "application/json"}
    )


def problem(status: int, code: str, detail: str, **more: Any) -> httpx.Response:
    headers = more.pop("headers", {})
    body = {"type": f"urn:lrtune:problem:{code}", "title": code, "status": status, "code": code}
    return httpx.Response(status, json=body | {"detail": detail} | more, headers=headers)


def event(number: int, kind: str, **data: Any) -> bytes:
    """One event of the sample job, as a server sends it."""
    told = samples.EVENT.model_copy(update={"id": number, "kind": kind, "data": data})
    return f"id: {number}\nevent: {kind}\ndata: {told.model_dump_json()}\n\n".encode()


def stream(*parts: bytes) -> httpx.Response:
    return httpx.Response(200, content=b"".join(parts), headers={"Content-Type": "text/event-stream"})
