"""Metrics for Prometheus."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from service.context import Here
from service.exposition import Exposition
from service.problems import responses
from store import gauges

router = APIRouter(tags=["server"])

EXAMPLE = '# HELP lrtune_jobs Jobs by state.\n# TYPE lrtune_jobs gauge\nlrtune_jobs{state="running"} 2.0\n'


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": EXAMPLE}}},
        **responses("database_unavailable"),
    },
)
def get_metrics(here: Here) -> Response:
    """Queue, leases, trials, workers and the latency of this server, in Prometheus' text format."""
    with here.database.read() as tx:
        found = gauges.read(tx)
    counted = CollectorRegistry()
    counted.register(Exposition(found, version("lrtune")))
    return Response(generate_latest(counted) + generate_latest(here.registry), media_type=CONTENT_TYPE_LATEST)
