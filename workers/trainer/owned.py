"""Training loops that users own: one trial at a time, through the same orders and replies as any other."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from lrtune.loops import Loop, LoopTrial
from lrtune.optimizers import OPTIMIZERS, check
from lrtune.task import TaskError
from lrtune.wire import OptimizerSpec, Report, StopReason, TrialState
from lrtune.wire.base import Precision
from workers.protocol import Continue, Finished, Lane, LaneReport, Reports, Swept
from workers.trainer.errors import blame

REASON = "the task owns its training loop, so trials run one at a time"

Exchange = Callable[[Reports], Continue]
Working = Callable[[str, int, int], None]


class OwnedLoop:
    """A loop with what a job asks of it.

    Raises:
        TaskError: The job asks for something else than the loop trains with.
        OptimizerError: The optimizer or an option is wrong.
    """

    def __init__(
        self,
        loop: Loop,
        optimizer: OptimizerSpec,
        batch_size: int | None,
        *,
        accumulate: int | None = None,
        precision: Precision | None = None,
    ) -> None:
        check(optimizer)
        if loop.optimizer not in (None, optimizer.name):
            raise TaskError(
                "optimizer",
                f"the loop trains with {loop.optimizer}, but the job asks for {optimizer.name}",
                f"submit with the optimizer {loop.optimizer}, or use trial.make_optimizer in the loop",
            )
        if batch_size not in (None, loop.batch_size):
            raise TaskError(
                "batch_size",
                f"the loop trains with {loop.batch_size} examples a step, but the job asks for {batch_size}",
                "make it a parameter of the entry function",
            )
        if precision not in (None, loop.precision):
            raise TaskError(
                "precision",
                f"the loop trains in {loop.precision}, but the job asks for {precision}",
                "make it a parameter of the entry function",
            )
        if accumulate is not None:
            raise TaskError(
                "accumulate",
                f"the loop accumulates as it does, but the job asks for {accumulate}",
                "leave it out, or make it a parameter of the entry function",
            )
        self.loop = loop
        self.optimizer = optimizer

    @property
    def default_lr(self) -> float:
        """The LR that the training uses without tuning."""
        own = self.loop.default_lr
        return OPTIMIZERS[self.optimizer.name].default_lr if own is None else own

    def sweep(self, lrs: Sequence[float], seed: int, working: Working) -> Swept:
        """Train once at rising learning rates; the loss told for an LR is that of the step after it.

        Raises:
            TaskError: The loop returned before the sweep's end.
            UserError: It raised.
        """
        trial = _Sweep(self, [*lrs, lrs[-1]], seed, working)
        _run(self.loop, trial)
        if trial.reason is None:
            raise _returned(trial, "steps")
        losses = trial.losses + [None] * (len(lrs) + 1 - len(trial.losses))
        return Swept(seed=seed, loss=losses[1:] if losses[0] is not None else [None] * len(lrs))

    def train(self, lane: Lane, metric: str, exchange: Exchange, working: Working) -> Finished:
        """Train one lane to its end.

        Raises:
            TaskError: The loop returned before its last epoch without being told to stop.
            UserError: It raised.
        """
        trial = _Training(self, lane, metric, exchange, working)
        _run(self.loop, trial)
        if trial.reason is StopReason.DIVERGED:
            return Finished(number=lane.number, state=TrialState.DIVERGED)
        if trial.reason is StopReason.PRUNED:
            return Finished(number=lane.number, state=TrialState.PRUNED)
        if trial.epochs_done < trial.epochs:
            raise _returned(trial, "epochs")
        value = trial.values[metric]
        state = TrialState.DIVERGED if value is None else TrialState.COMPLETE
        return Finished(number=lane.number, state=state, value=value)


def _run(loop: Loop, trial: LoopTrial) -> None:
    """Call the user's function as if nothing had run before it."""
    random.seed(trial.seed)
    np.random.seed(trial.seed)
    torch.manual_seed(trial.seed)
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)
    try:
        with blame("loop"):
            loop.train(trial)
    finally:
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _returned(trial: LoopTrial, unit: str) -> TaskError:
    whole = trial.total_steps if trial.sweep else trial.epochs
    return TaskError(
        "train",
        f"returned after reports of {trial.epochs_done} of {whole} {unit}, without being told to stop",
        "report train_loss after every step of a sweep, and loss after every epoch of a training",
    )


class _Sweep(LoopTrial):
    """A sweep: its losses are kept until it is over."""

    def __init__(self, owned: OwnedLoop, lrs: list[float], seed: int, working: Working) -> None:
        super().__init__(
            seed=seed,
            epochs=0,
            steps_per_epoch=owned.loop.steps_per_epoch,
            metric="loss",
            optimizer=owned.optimizer,
            sweep_lrs=lrs,
        )
        self.losses: list[float | None] = []
        self._working = working

    def _deliver(self, epoch: int, lr: float, values: Mapping[str, float | None]) -> StopReason | None:
        raise AssertionError("a sweep reports no epochs")

    def _deliver_step(self, step: int, loss: float | None, *, last: bool) -> None:
        self.losses.append(loss)
        self._alive(step)

    def _alive(self, step: int) -> None:
        self._working("sweep", step + 1, self.total_steps)


class _Training(LoopTrial):
    """A training: each epoch is told to the worker, which says whether to go on."""

    def __init__(
        self, owned: OwnedLoop, lane: Lane, metric: str, exchange: Exchange, working: Working
    ) -> None:
        super().__init__(
            seed=lane.seed,
            epochs=lane.epochs,
            steps_per_epoch=owned.loop.steps_per_epoch,
            metric=metric,
            optimizer=owned.optimizer,
            setting=lane.setting,
        )
        self.values: Mapping[str, float | None] = {}
        self._number = lane.number
        self._exchange = exchange
        self._working = working

    def _deliver(self, epoch: int, lr: float, values: Mapping[str, float | None]) -> StopReason | None:
        self.values = values
        report = Report(epoch=epoch, step=epoch * self.steps_per_epoch, lr=lr, values=dict(values))
        answer = self._exchange(Reports(rows=[LaneReport(number=self._number, report=report)]))
        return StopReason.PRUNED if self._number in answer.stop and epoch < self.epochs else None

    def _deliver_step(self, step: int, loss: float | None, *, last: bool) -> None:
        raise AssertionError("a training is no sweep")

    def _alive(self, step: int) -> None:
        self._working("train", step + 1, self.total_steps)
