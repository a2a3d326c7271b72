"""Range tests that were run elsewhere: read here, and stored nowhere."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body

from lrtune import rangetest
from lrtune.sentence import sentence
from lrtune.wire import FieldError, RangeTest, RangeTestRequest
from service import samples
from service.bodies import JsonRoute
from service.problems import field_problem, responses

router = APIRouter(prefix="/v1/range-tests", tags=["results"], route_class=JsonRoute)


@router.post(
    "",
    operation_id="analyse_range_test",
    summary="Read a range test of your own",
    responses={
        **samples.shown(samples.RANGE_TEST),
        **responses(
            "malformed_json",
            "cross_origin",
            "request_timeout",
            "body_too_large",
            "unsupported_media_type",
            "invalid_request",
        ),
    },
)
def analyse(request: Annotated[RangeTestRequest, Body()]) -> RangeTest:
    """Outcome with its reasons, marks with intervals, bands and a suggestion for a sweep that you ran. The
    same sweep gives the same result as `lrtune.analyse`; nothing is stored."""
    try:
        return rangetest.analyse(request.lr, request.loss, seeds=request.seeds)  # type: ignore[arg-type]
    except rangetest.RangeTestError as error:
        found = FieldError(
            field=f"/{error.field}", detail=sentence(error.detail), remedy=sentence(error.remedy)
        )
        raise field_problem([found]) from None
