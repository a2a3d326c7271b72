"""Paste-ready code of an answer."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query

from lrtune import schedules
from lrtune.wire import Code, OptimizerSpec, Setting
from service import samples
from service.context import JobId, Store
from service.problems import responses
from service.routes import answer

router = APIRouter(prefix="/v1/jobs/{id}", tags=["results"])


class Framework(StrEnum):
    """Frameworks that code is written for."""

    PYTORCH = "pytorch"
    KERAS = "keras"


@router.get(
    "/code",
    operation_id="get_code",
    summary="Read the answer as code",
    responses={
        **samples.shown(samples.CODE),
        **responses("not_found", "not_ready", "not_available", "invalid_request"),
    },
)
def get_code(
    job_id: JobId,
    database: Store,
    framework: Annotated[
        Framework, Query(description="Framework of the training script.")
    ] = Framework.PYTORCH,
) -> Code:
    """Optimizer and LR scheduler of the answer, whose LR sequence equals the measured one step by step."""
    found = answer.find(database, job_id)
    measured = found.provenance
    setting = Setting(
        schedule=found.schedule.family, initial_lr=found.initial_lr, params=found.schedule.params
    )
    write = schedules.pytorch_code if framework is Framework.PYTORCH else schedules.keras_code
    code = write(
        setting,
        optimizer=OptimizerSpec.model_validate(measured.optimizer),
        total_steps=measured.epochs * measured.steps_per_epoch,
        steps_per_epoch=measured.steps_per_epoch,
        epochs=measured.epochs,
    )
    return Code(framework=framework, code=code)
