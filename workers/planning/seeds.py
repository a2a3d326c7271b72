"""Seeds of trainings: derived from the job's one seed, never shared between what must be independent."""

from __future__ import annotations

import numpy as np

from lrtune.wire import Phase

_STREAMS = {phase: number for number, phase in enumerate(Phase)}


def seeds(seed: int, phase: Phase, n: int) -> list[int]:
    """``n`` distinct seeds of 31 bits for a phase; more of them begin with the same ones.

    The search trains all its trials on one and the same seed (common random numbers: they differ by their
    setting alone); range test, probes and confirmation each get seeds that no other phase has seen.

    Args:
        seed: ``search.seed`` of the request.
        phase: What the seeds are for.
        n: How many.
    """
    words = np.random.SeedSequence([seed, _STREAMS[phase]]).generate_state(4 * n + 16)
    distinct = dict.fromkeys(int(word) >> 1 for word in words)
    return list(distinct)[:n]
