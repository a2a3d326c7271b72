"""A report on a job in one HTML file: pictures inside, nothing loaded from anywhere, light and dark."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lrtune.schedules import EXPORTS
from lrtune.wire import Answer, Contender, Job, RangeTest, Trial
from service import code_of, drawing
from service.pages import figures

FRAMEWORKS = {
    "pytorch": "PyTorch",
    "keras": "Keras",
    "lightning": "Lightning",
    "transformers": "Transformers",
    "plain": "plain Python",
}


def html(job: Job, found: RangeTest | None, answer: Answer | None, confirm: Sequence[Trial]) -> str:
    """The report: the answer on top, then its evidence, as far as the job got.

    Args:
        job: Whose report.
        found: Its range test, None if there is none.
        answer: Its answer, None if there is none.
        confirm: Trials of its confirm phase, with their curves.
    """
    return (
        _environment()
        .get_template("report.html")
        .render(
            job=job,
            range_test=found,
            range_picture=_inline(drawing.range_test(found)) if found else None,
            answer=answer,
            answer_picture=_inline(drawing.schedules(answer, confirm)) if answer else None,
            contenders=_ranked(answer) if answer else [],
            codes={FRAMEWORKS[name]: code_of.text(answer, name) for name in EXPORTS} if answer else {},
        )
    )


def _inline(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _ranked(answer: Answer) -> list[Contender]:
    """Everything that was confirmed, best first."""
    sign = 1 if answer.metric.goal == "minimize" else -1
    return sorted(
        [*answer.finalists, *answer.baselines],
        key=lambda each: (each.mean is None, sign * (each.mean or 0.0)),
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": figures.number, "words": figures.words}
    return environment
