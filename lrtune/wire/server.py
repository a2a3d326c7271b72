"""What the server says of itself: tasks, workers, events, pages of a list, problems."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import Field

from lrtune.wire.base import Resource
from lrtune.wire.isolation import Isolation

Item = TypeVar("Item")


class Page(Resource, Generic[Item]):
    """One page of a list; pass ``next_cursor`` as ``cursor`` for the next, null on the last."""

    items: list[Item]
    next_cursor: str | None = None


class DataSource(Resource):
    """Data that a task needs: by ``url`` and ``sha256``, or at a ``path`` that workers have."""

    url: str | None = None
    sha256: str | None = None
    path: str | None = None


class Task(Resource):
    """A task version that jobs can name. ``params_schema`` is the JSON schema of its parameters;
    ``author`` is null for an example, and for what was registered without accounts.

    ``size`` is the bytes of its files together, ``requirements`` the packages it needs beside the trainer's,
    one a line, ``data`` what it declares as ``DATA``.

    A task whose ``entry`` is ``external`` has no files here: clients train it.
    """

    name: str
    version: int
    digest: str
    entry: str
    description: str
    params_schema: dict[str, Any]
    author: str | None = None
    requirements: str = ""
    data: dict[str, DataSource] = Field(default_factory=dict)
    size: int = 0
    created_at: datetime


class Worker(Resource):
    """A worker process: ``alive`` is false once it has not been heard of for its lease time.

    ``isolation`` is how far it keeps tasks from everything else; null for workers of older versions.
    """

    id: str
    host: str
    pid: int
    device: str
    version: str
    isolation: Isolation | None = None
    alive: bool
    unit: str | None = None
    job: str | None = None
    started_at: datetime
    seen_at: datetime


class Event(Resource):
    """Something that happened to a job; ``id`` rises within the server and resumes a stream."""

    id: int
    job: str
    kind: str
    at: datetime
    data: dict[str, Any] = Field(default_factory=dict)


class FieldError(Resource):
    """One field of a request that is wrong: where (a JSON pointer), what, and how to mend it."""

    field: str
    detail: str
    remedy: str | None = None


class Problem(Resource):
    """An RFC 9457 problem document; ``code`` is stable and made for programs."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    remedy: str | None = None
    instance: str | None = None
    errors: list[FieldError] = Field(default_factory=list)


class Code(Resource):
    """Paste-ready code of an answer for one framework."""

    framework: str
    code: str
