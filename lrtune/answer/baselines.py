"""What the finalists must beat."""

from __future__ import annotations

from collections.abc import Sequence

from lrtune.schedules import PREFIX
from lrtune.wire import JobRequest, RangeTest, Setting

DEFAULT = "default"
CONSTANT = "constant"
COSINE = "cosine"
ONE_CYCLE = "one_cycle"

BASELINES = (DEFAULT, CONSTANT, COSINE, ONE_CYCLE)
"""Labels of the baselines' confirm trials. Schedules of the task's own have the family's name, ``custom:…``;
every other label is a finalist's."""


def baselines(
    request: JobRequest, range_test: RangeTest | None, default_lr: float, *, own: Sequence[str] = ()
) -> list[tuple[str, Setting]]:
    """The settings that people use without tuning, with their labels.

    ``default``: the optimizer's default LR, constant. ``constant``: the suggested LR, constant. ``cosine``:
    decayed to zero by a cosine from the suggested LR. ``one_cycle``: the same LR as the peak of a one-cycle.
    Without a suggestion the last two start from the default LR, and ``constant``, which would be the default
    again, is left out. They are there whatever families the request searches.

    So is each schedule of the task's own (``own``, names of families) from that LR, with its parameters at
    their defaults: what it gives untuned.
    """
    suggested = range_test.suggested_lr if range_test is not None else None
    lr = suggested if suggested is not None else default_lr
    held = [] if lr == default_lr else [(CONSTANT, Setting(schedule="constant", initial_lr=lr))]
    return [
        (DEFAULT, Setting(schedule="constant", initial_lr=default_lr)),
        *held,
        (COSINE, Setting(schedule="cosine", initial_lr=lr)),
        (ONE_CYCLE, Setting(schedule="one_cycle", initial_lr=lr)),
        *((name, Setting(schedule=name, initial_lr=lr)) for name in own),
    ]


def baseline(label: str) -> bool:
    """Whether a confirm trial with this label is a baseline's."""
    return label in BASELINES or label.startswith(PREFIX)
