"""Logs as JSON lines."""

from __future__ import annotations

import json
import logging
import sys

from lrtune import logs


def line(*arguments: object, **more: object) -> dict[str, object]:
    record = logging.LogRecord("lrtune.worker", logging.WARNING, "f.py", 1, "job %s", arguments, None)
    record.__dict__.update(more)
    found: dict[str, object] = json.loads(logs.JsonLines().format(record))
    return found


def test_one_object_a_line() -> None:
    found = line("a\nb")
    assert (found["level"], found["logger"], found["message"]) == ("warning", "lrtune.worker", "job a\nb")
    assert str(found["at"]).endswith("+00:00")
    assert "traceback" not in found


def test_what_it_is_about() -> None:
    with logs.about(worker="w", job="j"):
        with logs.about(unit=3):
            assert {"worker": "w", "job": "j", "unit": 3}.items() <= line("x").items()
        assert "unit" not in line("x")
    assert "job" not in line("x")


def test_a_traceback_stays_in_its_line() -> None:
    try:
        raise ValueError("no")
    except ValueError:
        found = line("x", exc_info=sys.exc_info())
    assert "ValueError: no" in str(found["traceback"])
