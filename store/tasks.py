"""Tasks: versions of user code, told apart by what they hold."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from lrtune.wire import DataSource, Page, Task
from store import cursors, tables
from store.database import Tx
from store.errors import NotFound

EXTERNAL = "external"
"""Entry of a task that has no files here."""

_VERSION = re.compile(r"[0-9]{1,9}")
_DIGEST = re.compile(r"[0-9a-f]{6,64}")


def register(
    tx: Tx,
    *,
    name: str,
    entry: str,
    description: str,
    params_schema: Mapping[str, Any],
    files: Mapping[str, bytes],
    author: str | None = None,
    requirements: str = "",
    data: Mapping[str, DataSource] | None = None,
) -> tuple[Task, bool]:
    """The task version that holds ``entry``, ``files`` and ``requirements``: the one there is, else a new
    one.

    A version never changes; its description, schema and author stay those of its first registration.

    Args:
        name: Of the task; versions are counted by name, from 1.
        entry: ``module:function`` within the files.
        description: For people.
        params_schema: JSON schema of the function's parameters.
        files: Contents by relative path.
        author: The account that brings it, None without accounts.
        requirements: Packages beside the trainer's, one a line, in their normal form.
        data: What the task declares that it needs.

    Returns:
        The version, and whether it is new.
    """
    tx.exclude(f"task {name}")
    digest = digest_of(entry, files, requirements)
    known = tx.conn.execute(
        sa.select(tables.tasks).where(tables.tasks.c.name == name, tables.tasks.c.digest == digest)
    ).one_or_none()
    if known is not None:
        return _task(known), False
    latest = tx.conn.execute(
        sa.select(sa.func.max(tables.tasks.c.version)).where(tables.tasks.c.name == name)
    ).scalar_one()
    task = Task(
        name=name,
        version=(latest or 0) + 1,
        digest=digest,
        entry=entry,
        description=description,
        params_schema=dict(params_schema),
        author=author,
        requirements=requirements,
        data=dict(data or {}),
        size=sum(map(len, files.values())),
        created_at=tx.now(),
    )
    tx.conn.execute(sa.insert(tables.tasks), task.model_dump())
    rows = [
        {"task": name, "version": task.version, "path": path, "content": content}
        for path, content in files.items()
    ]
    if rows:
        tx.conn.execute(sa.insert(tables.task_files), rows)
    return task, True


def owner(tx: Tx, name: str) -> str | None:
    """The account that a task belongs to: whoever brought its first version, None without accounts.

    Raises:
        NotFound: There is no task of that name.
    """
    return get(tx, f"{name}@1").author


def register_external(tx: Tx, name: str, *, author: str | None = None) -> Task:
    """The version of a task whose trainings stay outside: there is nothing to keep but its name."""
    task, _ = register(
        tx,
        name=name,
        entry=EXTERNAL,
        description="Trained outside, by clients that ask for trials.",
        params_schema={"type": "object"},
        files={},
        author=author,
    )
    return task


def digest_of(entry: str, files: Mapping[str, bytes], requirements: str = "") -> str:
    """SHA-256, in hexadecimal, of the entry point, of every path and content, and of the requirements if
    there are any, each with its length."""
    parts = [entry.encode(), *(part for path in sorted(files) for part in (path.encode(), files[path]))]
    digest = hashlib.sha256()
    for part in [*parts, requirements.encode()] if requirements else parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()


def get(tx: Tx, ref: str) -> Task:
    """The task version that ``ref`` names: ``name`` (the newest), ``name@3``, or ``name@`` and at least six
    characters of a digest.

    Raises:
        NotFound: There is none, or the start of a digest is that of several.
    """
    name, at, which = ref.partition("@")
    table = tables.tasks.c
    query = sa.select(tables.tasks).where(table.name == name).order_by(table.version.desc())
    if not at:
        return _only(ref, tx.conn.execute(query.limit(1)).all())
    # Digits alone are a version if there is such a one; else they may be how a digest begins.
    if _VERSION.fullmatch(which):
        found = tx.conn.execute(query.where(table.version == int(which))).all()
        if found:
            return _only(ref, found)
    if not _DIGEST.fullmatch(which):
        raise _no_such(ref)
    return _only(ref, tx.conn.execute(query.where(table.digest.startswith(which)).limit(2)).all())


def _only(ref: str, found: Sequence[sa.Row[*tuple[Any, ...]]]) -> Task:
    if not found:
        raise _no_such(ref)
    if len(found) > 1:
        raise NotFound(f"Several versions begin as {ref!r} says.", "Give more characters of the digest.")
    return _task(found[0])


def of_jobs(tx: Tx, ref: str) -> sa.ColumnElement[bool]:
    """The condition on jobs that they are of the task that ``ref`` names: any version of a bare name."""
    jobs = tables.jobs.c
    if "@" not in ref:
        return jobs.task == ref
    try:
        task = get(tx, ref)
    except NotFound:
        return sa.false()
    return sa.and_(jobs.task == task.name, jobs.task_version == task.version)


def page(tx: Tx, *, cursor: str | None, limit: int) -> Page[Task]:
    """Task versions by name, newest first within a name.

    Raises:
        CursorInvalid: ``cursor`` is none of this list's.
    """
    table = tables.tasks.c
    query = sa.select(tables.tasks)
    if cursor is not None:
        name, version = cursors.decode("tasks", cursor, (str, int))
        query = query.where(sa.or_(table.name > name, sa.and_(table.name == name, table.version < version)))
    rows = tx.conn.execute(query.order_by(table.name, table.version.desc()).limit(limit + 1)).all()
    return cursors.page(rows, limit, _task, lambda row: cursors.encode("tasks", (row.name, row.version)))


def files(tx: Tx, name: str, version: int) -> dict[str, bytes]:
    """The files of a task version, by relative path.

    Raises:
        NotFound: There is no such version.
    """
    table = tables.task_files.c
    rows = tx.conn.execute(
        sa.select(table.path, table.content)
        .where(table.task == name, table.version == version)
        .order_by(table.path)
    ).all()
    if not rows:
        get(tx, f"{name}@{version}")
    return {row.path: bytes(row.content) for row in rows}


def _task(row: sa.Row[*tuple[Any, ...]]) -> Task:
    return Task.model_validate(dict(row._mapping))


def _no_such(ref: str) -> NotFound:
    return NotFound(f"There is no task {ref!r}.", "List tasks with GET /v1/tasks.")
