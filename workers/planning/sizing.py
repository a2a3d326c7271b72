"""The sweeps at other batch sizes, which a range test may ask for beside the job's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np

from lrtune.rangetest.extension import MOST
from lrtune.rangetest.scaling import Batch, scaling
from lrtune.rangetest.sweep import VALIDATION_EXAMPLES
from lrtune.wire import Curve, JobRequest, RangeTestSpec, Scaling
from workers.facts import Facts

FIRST = MOST + 1
"""Number of the first of these sweeps: the job's own, extended as often as may be, come before it."""

OWNED = "This task trains itself, so its batch size is its own: no other was swept."


class Asked(NamedTuple):
    """One batch size: the sweep's ``number``, the examples of a step, and of how many batches it is made."""

    number: int
    by: Literal["batch_size", "accumulate"]
    batch_size: int
    accumulate: int


def numbers(spec: RangeTestSpec) -> range:
    """The numbers that sweeps at other batch sizes may have."""
    return range(FIRST, FIRST + len(spec.batch_sizes) + len(spec.accumulate))


def asked(request: JobRequest, facts: Facts) -> list[Asked]:
    """The sweeps to run: the job's own batch size is swept already, larger ones than the data can't be."""
    return [each for each in _all(request.range_test, facts) if _why_not(each, facts) is None]


def scalings(
    request: JobRequest, facts: Facts, own: Sequence[Curve], swept: dict[int, list[Curve]]
) -> list[Scaling]:
    """What the sweeps show, one entry for each way of making larger batches that was asked for."""
    found = []
    for by in ("batch_size", "accumulate"):
        wanted = [each for each in _all(request.range_test, facts) if each.by == by]
        if not wanted:
            continue
        others = [Batch(e.batch_size, e.accumulate, swept[e.number]) for e in wanted if e.number in swept]
        left_out = dict.fromkeys(why for each in wanted if (why := _why_not(each, facts)))
        found.append(
            scaling(
                by,
                [Batch(facts.batch_size, 1, own), *others],
                batch_size=facts.batch_size,
                left_out=[why for why in left_out if why],
                rng=np.random.default_rng([request.search.seed, FIRST]),
            )
        )
    return found


def steps(request: JobRequest, facts: Facts, own: int, swept: dict[int, list[Curve]]) -> float:
    """What all sweeps cost, in optimizer steps of the job's own batch size: by the examples they saw.

    Args:
        own: Steps of the sweeps at the job's own batch size.
        swept: The others.
    """
    others = [
        (len(curve.lr), each.batch_size)
        for each in _all(request.range_test, facts)
        for curve in swept.get(each.number, [])
    ]
    told = 0
    if request.range_test.loss == "validation":
        told = min(VALIDATION_EXAMPLES, facts.valid_size)
    # A forward pass is about a third of a step.
    return sum(
        count * (size + told / 3) / facts.batch_size for count, size in [(own, facts.batch_size), *others]
    )


def _all(spec: RangeTestSpec, facts: Facts) -> Iterator[Asked]:
    number = iter(numbers(spec))
    for size in spec.batch_sizes:
        yield Asked(next(number), "batch_size", size, 1)
    for factor in spec.accumulate:
        yield Asked(next(number), "accumulate", facts.batch_size * factor, factor)


def _why_not(each: Asked, facts: Facts) -> str | None:
    """Why a batch size is not swept: empty for the job's own, a sentence for others; None if it is."""
    if each.batch_size == facts.batch_size:
        return ""
    if facts.mode == "owned":
        return OWNED
    if each.batch_size > facts.train_size:
        return f"Batch size {each.batch_size} was not swept: there are {facts.train_size} training examples."
    return None
