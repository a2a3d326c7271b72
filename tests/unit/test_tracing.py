"""Spans, with the real OpenTelemetry."""

from __future__ import annotations

import subprocess
import sys

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from lrtune import tracing

WITHOUT = """
import sys
sys.modules["opentelemetry"] = None
from lrtune import tracing
tracing.configure({}, "lrtune-server")
with tracing.span("x", job="j"):
    print("ran")
try:
    tracing.configure({tracing.ENDPOINT: "http://collector"}, "lrtune-server")
except tracing.TracingError as error:
    print(error)
"""


def test_a_span_has_its_name_and_attributes() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    with tracing.span("GET /v1/jobs/{id}", **{"lrtune.job": "j"}):
        pass
    [span] = exporter.get_finished_spans()
    assert span.name == "GET /v1/jobs/{id}"
    assert dict(span.attributes or {}) == {"lrtune.job": "j"}


def test_without_opentelemetry_nothing_happens_unless_it_is_asked_for() -> None:
    said = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True).stdout
    assert said.startswith("ran\n")
    assert "lrtune[otel]" in said
