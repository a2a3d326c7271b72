"""The answers measured for a task, the nearest to what is asked first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query

from lrtune import keyvalue, optimizers
from lrtune.nearness import Situation
from lrtune.sentence import sentence
from lrtune.wire import BestAnswer, FieldError, OptimizerSpec, Page, Task
from service import samples
from service.context import NO_NUL, Cursor, Limit, Store
from service.problems import field_problem, responses
from service.submission import nearest
from store import Tx, answers, tasks
from store.errors import NotFound

router = APIRouter(prefix="/v1/best", tags=["memory"])

Pairs = Annotated[list[Annotated[str, Query(max_length=500, pattern=NO_NUL)]], Query(max_length=64)]


@router.get(
    "",
    operation_id="list_best",
    summary="Find the best answers",
    responses={**samples.shown(samples.page(samples.NEAR)), **responses("not_found", "invalid_request")},
)
def list_best(
    database: Store,
    task: Annotated[
        str,
        Query(
            min_length=1,
            max_length=200,
            pattern=NO_NUL,
            description="The task: `name` (asks for its newest version), `name@3`, or `name@` and the start "
            "of a digest. Answers of every version are given.",
        ),
    ],
    optimizer: Annotated[
        str | None, Query(max_length=50, pattern=NO_NUL, description="Answers for this optimizer alone.")
    ] = None,
    option: Annotated[Pairs, Query(description="`name=value`, an option of the optimizer; repeatable.")] = [],  # noqa: B006 - FastAPI's way to say: none
    param: Annotated[Pairs, Query(description="`name=value`, a parameter of the task; repeatable.")] = [],  # noqa: B006
    batch_size: Annotated[int | None, Query(ge=1, le=1_000_000, description="Examples a step.")] = None,
    epochs: Annotated[int | None, Query(ge=1, le=10_000, description="Length of a training.")] = None,
    precision: Annotated[str | None, Query(max_length=20, pattern=NO_NUL, description="`float32`, …")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[BestAnswer]:
    """Answers of all succeeded jobs for a task, the nearest to what is asked first, then best first by the
    metric; each with its job, its `distance` and what differs. What is not asked for is not compared."""
    options = _pairs("option", option)
    params = _pairs("param", param)
    with database.read() as tx:
        known = _task(tx, task)
        if known is None:
            return Page(items=[])
        asked = Situation(
            task_version=known.version,
            params=_params(known, params) or None,
            optimizer=_optimizer(optimizer, options),
            batch_size=batch_size,
            epochs=epochs,
            precision=precision,
        )
        return answers.best(tx, task=known.name, optimizer=optimizer, asked=asked, cursor=cursor, limit=limit)


def _task(tx: Tx, ref: str) -> Task | None:
    """The version asked for; None for a name that nobody registered, which has no answers."""
    try:
        return tasks.get(tx, ref)
    except NotFound:
        if "@" in ref:
            raise
        return None


def _pairs(field: str, said: Sequence[str]) -> dict[str, Any]:
    try:
        return dict(map(keyvalue.split, said))
    except ValueError as error:
        raise field_problem(
            [FieldError(field=f"?{field}", detail=str(error), remedy="Give name=value.")]
        ) from None


def _params(task: Task, params: dict[str, Any]) -> dict[str, Any]:
    names = task.params_schema.get("properties", {})
    unknown = [
        FieldError(
            field="?param",
            detail=f"{task.name}@{task.version} has no parameter {name!r}.",
            remedy=nearest(name, names),
        )
        for name in params
        if name not in names
    ]
    if unknown:
        raise field_problem(unknown)
    return params


def _optimizer(name: str | None, options: dict[str, Any]) -> OptimizerSpec | None:
    if not options:
        return None
    if name is None:
        detail = "Options belong to an optimizer, and none is named."
        raise field_problem([FieldError(field="?option", detail=detail, remedy="Give optimizer too.")])
    spec = OptimizerSpec.model_validate({**options, "name": name})
    try:
        optimizers.check(spec)
    except optimizers.OptimizerError as error:
        field = "?optimizer" if error.field == "name" else "?option"
        remedy = sentence(error.remedy) if error.remedy else None
        raise field_problem([FieldError(field=field, detail=sentence(error.detail), remedy=remedy)]) from None
    return spec
