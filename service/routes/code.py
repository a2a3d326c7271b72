"""Paste-ready code of an answer."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query

from lrtune.wire import Code
from service import code_of, samples
from service.context import JobId, Store
from service.problems import responses
from service.routes import answer

router = APIRouter(prefix="/v1/jobs/{id}", tags=["results"])


class Framework(StrEnum):
    """Frameworks that code is written for."""

    PYTORCH = "pytorch"
    KERAS = "keras"
    LIGHTNING = "lightning"
    TRANSFORMERS = "transformers"
    PLAIN = "plain"


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
    return Code(framework=framework, code=code_of.text(answer.find(database, job_id), framework))
