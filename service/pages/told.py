"""A job's events in plain words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lrtune.wire import Event
from service.pages.figures import number, words


def sentence(event: Event) -> str:
    """What happened; an event of a kind unknown here is shown by its name."""
    tell = _TOLD.get(event.kind)
    return tell(event.data) if tell else words(event.kind)


def _state(data: Mapping[str, Any]) -> str:
    state = str(data.get("state", ""))
    error = data.get("error")
    return f"The job is {state}." + (f" {error['detail']}" if isinstance(error, dict) else "")


def _range_test(data: Mapping[str, Any]) -> str:
    if data.get("suggested_lr") is None:
        return f"Range test: {words(str(data.get('outcome', '')))}; no suggestion."
    outcome = data.get("outcome")
    found = "" if outcome == "ok" else f" ({words(str(outcome))})"
    return f"Range test{found}: it suggests an LR of {number(data['suggested_lr'])}."


def _engine(data: Mapping[str, Any]) -> str:
    parts = [
        f"{data['parameters']:,} parameters" if "parameters" in data else "",
        f"{data['steps_per_epoch']:,} steps an epoch" if "steps_per_epoch" in data else "",
        f"batches of {data['batch_size']}" if "batch_size" in data else "",
        f"{data['lanes']} at a time" if data.get("lanes", 1) > 1 else "one at a time",
        f"on {data['device']}" if "device" in data else "",
    ]
    text = "The task was loaded: " + ", ".join(part for part in parts if part) + "."
    return f"{text} {data['reason']}" if data.get("reason") else text


_TOLD: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "state": _state,
    "phase": lambda data: f"Phase {words(str(data.get('phase', '')))} begins.",
    "range_test": _range_test,
    "engine": _engine,
    "warning": lambda data: f"Warning: {data.get('text', '')}",
    "answer": lambda data: str(data.get("verdict", "The answer is there.")),
    "log": lambda data: str(data.get("text", "")),
    "checkpoint": lambda data: str(data.get("text", "")),
}

KINDS = tuple(_TOLD)
"""Kinds that are worth a line: not every trial's end, and not every step forward."""
