"""A job's events, as a stream."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header
from starlette.responses import StreamingResponse

from service import event_stream, samples
from service.context import Here, JobId
from service.problems import responses
from store import jobs

router = APIRouter(prefix="/v1/jobs/{id}", tags=["jobs"])


@router.get(
    "/events",
    operation_id="stream_events",
    summary="Follow a job",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events; the stream ends after the job's last one.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": event_stream.line(samples.EVENT),
                }
            },
        },
        **responses("not_found", "invalid_request"),
    },
)
def stream_events(
    job_id: JobId,
    here: Here,
    last_event_id: Annotated[
        int, Header(alias="Last-Event-ID", ge=0, le=2**63 - 1, description="Resume after this event.")
    ] = 0,
) -> StreamingResponse:
    """What happens to a job, as it happens: state, phase, progress, trials, range test, engine notes,
    log lines, warnings and the answer. Resume with the id of the last event you saw."""
    with here.database.read() as tx:
        jobs.get(tx, job_id)
    return event_stream.response(
        event_stream.stream(
            here.database, job_id, last_event_id, draining=here.draining, limiter=here.stream_threads
        )
    )
