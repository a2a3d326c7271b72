"""The LR sweep of a range test: one step at each LR, all seeds at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from lrtune.rangetest.sweep import VALIDATION_EXAMPLES
from workers.protocol import Swept
from workers.trainer.data import Feed
from workers.trainer.lanes import Lanes
from workers.trainer.loop import CHECK_EVERY, finite
from workers.trainer.workload import Workload


def sweep(
    workload: Workload,
    population: Lanes,
    lrs: Sequence[float],
    seeds: Sequence[int],
    working: Callable[[str, int, int], None],
    *,
    validation: bool = False,
) -> list[Swept]:
    """Step once at each LR in turn, each seed a lane with its own weights and order of examples.

    The loss told for an LR is that of the next batch, after the step at that LR: so it shows what the LR
    did. Epochs follow one another as long as the sweep lasts.

    Args:
        validation: Tell the loss over the first validation batches instead, the same ones after every step:
            ``VALIDATION_EXAMPLES`` in whole batches, or all there are.

    Returns:
        One curve a seed, in the order of ``seeds``; null from the first loss on that isn't finite.
    """
    population.add(seeds)
    curves: list[list[float | None]] = [[] for _ in seeds]
    alive = list(range(len(seeds)))
    pending: list[torch.Tensor] = []
    feed = _feed(workload, [seeds[i] for i in alive], 0)
    told = -(-VALIDATION_EXAMPLES // workload.valid_batch_size)
    population.step(feed.batch(0), [lrs[0]] * len(alive))
    for done in range(1, len(lrs) + 1):
        epoch, position = divmod(done, workload.steps_per_epoch)
        if position == 0:
            feed = _feed(workload, [seeds[i] for i in alive], epoch)
        batch = feed.batch(position)
        last = done == len(lrs)
        if validation:
            scores = population.evaluate(told)
            pending.append(torch.tensor([score["loss"] for score in scores], dtype=torch.float64))
        if last:
            pending += [] if validation else [population.losses(batch)]
        else:
            losses = population.step(batch, [lrs[done]] * len(alive))
            pending += [] if validation else [losses]
        if last or done % CHECK_EVERY == 0:
            for lane, losses in zip(alive, torch.stack(pending, dim=1).tolist(), strict=True):
                curves[lane] += [finite(loss) for loss in losses]
            pending = []
            kept = [i for i, lane in enumerate(alive) if None not in curves[lane]]
            if len(kept) < len(alive) and kept and not last:
                population.keep(kept)
                feed.keep(kept)
            alive = [alive[i] for i in kept]
            working("sweep", done, len(lrs))
            if not alive:
                break
    return [
        Swept(seed=seed, loss=_until_divergence(curve, len(lrs)))
        for seed, curve in zip(seeds, curves, strict=True)
    ]


def _feed(workload: Workload, seeds: Sequence[int], epoch: int) -> Feed:
    return workload.train.epoch([(seed, epoch) for seed in seeds], workload.batch_size)


def _until_divergence(curve: list[float | None], length: int) -> list[float | None]:
    """The curve at full length, null from its first null on."""
    end = curve.index(None) if None in curve else len(curve)
    return curve[:end] + [None] * (length - end)
