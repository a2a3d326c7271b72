"""Spans for OpenTelemetry, where it is installed (extra ``otel``) and told where they go; else nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""OpenTelemetry's own variable: where spans go. Its other variables are read too."""


class TracingError(RuntimeError):
    """Spans were asked for, but what sends them is not installed."""


def configure(environ: Mapping[str, str], service: str) -> None:
    """Send this process's spans to the endpoint of the environment; without one, do nothing.

    Args:
        environ: The process's environment.
        service: ``service.name`` of the spans, unless ``OTEL_SERVICE_NAME`` names another.

    Raises:
        TracingError: There is an endpoint, but no OpenTelemetry.
    """
    if not environ.get(ENDPOINT):
        return
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise TracingError(
            f"{ENDPOINT} is set, but {error.name} is not installed. Install it: pip install 'lrtune[otel]'"
        ) from None
    name = environ.get("OTEL_SERVICE_NAME") or service
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


@contextmanager
def span(name: str, **attributes: Any) -> Iterator[None]:
    """Time what is done inside as a span; without OpenTelemetry, just do it."""
    try:
        from opentelemetry import trace
    except ModuleNotFoundError:
        yield
        return
    with trace.get_tracer("lrtune").start_as_current_span(name, attributes=attributes):
        yield
