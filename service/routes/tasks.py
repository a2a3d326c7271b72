"""Tasks: push, list, read, take back."""

from __future__ import annotations

from typing import IO, Annotated

import anyio.to_thread
from fastapi import APIRouter, File, Form, Response, UploadFile

from examples import EXAMPLES
from lrtune import bundle as bundles
from lrtune.bundle import Bundle, BundleError
from lrtune.wire import FieldError, Page, Task
from service import samples
from service.caller import Who
from service.context import Cursor, Here, Limit, Store, TaskRef
from service.problems import field_problem, not_owner, responses
from service.settings import Settings
from service.uploads import UploadRoute
from store import tasks

router = APIRouter(prefix="/v1/tasks", tags=["memory"], route_class=UploadRoute)

ZIP = "application/zip"


@router.post(
    "",
    status_code=201,
    operation_id="push_task",
    summary="Push a task",
    responses={
        **samples.shown(
            samples.PUSHED,
            201,
            description="A new version.",
            headers={"Location": {"description": "Path of the version.", "schema": {"type": "string"}}},
        ),
        **samples.shown(
            samples.PUSHED, model=Task, description="The version that has held this very content before."
        ),
        **responses(
            "malformed_request",
            "cross_origin",
            "not_owner",
            "request_timeout",
            "body_too_large",
            "unsupported_media_type",
            "invalid_request",
        ),
    },
)
async def push(
    bundle: Annotated[
        UploadFile, File(description="A Python file, or a zip of files. The name of a Python file is kept.")
    ],
    name: Annotated[str, Form(description="Of the task: letters, digits, dots, dashes, underscores.")],
    entry: Annotated[str, Form(description="`module:function`, e.g. `train:task` for `train.py`.")],
    here: Here,
    who: Who,
    response: Response,
    requirements: Annotated[
        str, Form(description="Packages the task needs beside the trainer's, as in a requirements file.")
    ] = "",
) -> Task:
    """Check a bundle without running any of it, and keep it for good as the next version of its name.

    The same content gives the same version, with status 200. Further versions of a name are for whoever
    pushed its first, and for admins: a job that names no version gets the newest.
    """

    def keep() -> tuple[Task, bool]:
        found = _checked(bundle.file, bundle.filename or "", name, entry, requirements, here.settings)
        with here.database.write() as tx:
            task, created = tasks.register(
                tx,
                name=found.name,
                entry=found.entry,
                description=found.description,
                params_schema=found.params_schema,
                files=found.files,
                author=who.account,
                requirements=found.requirements,
                data=found.data,
            )
            owner = tasks.owner(tx, task.name)
            if created and owner != who.account and not who.administers:
                remedy = f"Choose another name, or have {owner or 'an admin'} push it."
                raise not_owner(f"The task {task.name}", owner, who.account, remedy)
            return task, created

    task, created = await anyio.to_thread.run_sync(keep, limiter=here.upload_threads)
    response.headers["Location"] = f"/v1/tasks/{task.name}@{task.version}"
    if not created:
        response.status_code = 200
    return task


def _checked(
    file: IO[bytes], filename: str, name: str, entry: str, requirements: str, settings: Settings
) -> Bundle:
    try:
        found = bundles.check(
            bundles.read(file, filename),
            name=name,
            entry_point=entry,
            requirements_text=requirements,
            policy=settings.requirements,
        )
        if name in EXAMPLES:
            raise BundleError("name", f"{name} is the name of an example.", "Choose another name.")
    except BundleError as error:
        field = "bundle" if error.field == "data" else error.field
        raise field_problem(
            [FieldError(field=f"/{field}", detail=error.detail, remedy=error.remedy)]
        ) from None
    return found


@router.get(
    "",
    operation_id="list_tasks",
    summary="List tasks",
    responses={**samples.shown(samples.page(samples.TASK)), **responses("invalid_request")},
)
def list_tasks(database: Store, cursor: Cursor = None, limit: Limit = 50) -> Page[Task]:
    """Task versions with the JSON schema of their parameters, by name, newest first."""
    with database.read() as tx:
        return tasks.page(tx, cursor=cursor, limit=limit)


@router.get(
    "/{ref}",
    operation_id="get_task",
    summary="Read a task",
    responses={**samples.shown(samples.PUSHED), **responses("not_found")},
)
def get_task(ref: TaskRef, database: Store) -> Task:
    """One version of a task: its parameters, its author, what it needs."""
    with database.read() as tx:
        return tasks.get(tx, ref)


@router.get(
    "/{ref}/bundle",
    operation_id="get_task_bundle",
    summary="Download a task's files",
    response_class=Response,
    responses={
        200: {"description": "A zip.", "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}},
        **responses("not_found"),
    },
)
def get_bundle(ref: TaskRef, database: Store) -> Response:
    """The files of one version of a task, as a zip; pushed again it is the same version."""
    with database.read() as tx:
        task = tasks.get(tx, ref)
        files = tasks.files(tx, task.name, task.version)
    headers = {
        "Content-Disposition": f'attachment; filename="{task.name}-{task.version}.zip"',
        "ETag": f'"{task.digest}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(bundles.pack(files), media_type=ZIP, headers=headers)
