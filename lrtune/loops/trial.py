"""One trial as the loop that trains it sees it, in a worker or outside."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lrtune import schedules
from lrtune.wire import OptimizerSpec, Setting, StopReason, Verdict
from lrtune.wire.external import TRAIN_LOSS
from lrtune.wire.trial import VALUE_NAME_MAX, VALUES_MAX

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from lrtune.scheduler import TrialLR


IGNORED_MOST = 10
"""So many reports beyond an epoch's steps a loop may make after it was told to stop."""


class LoopError(RuntimeError):
    """A loop breaks its contract: what is wrong, and how to mend it."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(f"{detail}; {remedy}")
        self.detail = detail
        self.remedy = remedy


class LoopTrial(ABC):
    """One training to be done.

    A *sweep* is a training whose LR rises with every step, for a range test: only its ``train_loss`` counts,
    which every step must report. Any other trial is validated after each epoch, and reports ``loss`` (the
    validation loss) and the metrics then.

    Attributes:
        sweep: Whether this is a sweep.
        seed: Seeds everything that is random in the training.
        epochs, steps_per_epoch, total_steps: Its length; a sweep may end within an epoch.
        setting: Initial LR and schedule; None in a sweep.
        optimizer: The optimizer that the job asks for.
        initial_lr: LR of the first step after any warmup (in a sweep, of the first step): make the optimizer
            with it.
        stopped: Whether it was told to stop.
    """

    def __init__(
        self,
        *,
        seed: int,
        epochs: int,
        steps_per_epoch: int,
        metric: str,
        optimizer: OptimizerSpec,
        setting: Setting | None = None,
        sweep_lrs: Sequence[float] = (),
    ) -> None:
        self.seed = seed
        self.steps_per_epoch = steps_per_epoch
        self.optimizer = optimizer
        self.setting = setting
        self.sweep = setting is None
        self._metric = metric
        self._sweep_lrs = list(sweep_lrs)
        self._followers: list[TrialLR] = []
        self._course: schedules.Course | None = None
        self._losses: list[float] = []
        self._done = 0
        self._ignored = 0
        self._reason: StopReason | None = None
        if setting is None:
            self.total_steps = len(self._sweep_lrs)
            self.epochs = -(-self.total_steps // steps_per_epoch)
            self.initial_lr = self._sweep_lrs[0]
        else:
            self.total_steps = epochs * steps_per_epoch
            self.epochs = epochs
            self.initial_lr = setting.initial_lr
            self._course = schedules.start(
                setting, total_steps=self.total_steps, steps_per_epoch=steps_per_epoch
            )

    @property
    def stopped(self) -> bool:
        return self._reason is not None

    def lr(self, step: int) -> float:
        """The LR of the 0-based optimizer step; after the last step that of the last one.

        With a plateau schedule the LRs of an epoch are known once the epoch before it was reported.
        """
        if self._course is not None:
            return self._course.lr(step)
        if step < 0:
            raise ValueError(f"step {step} is negative: steps count from 0")
        return self._sweep_lrs[min(step, self.total_steps - 1)]

    def report(self, step: int, **values: Any) -> Verdict:
        """Tell what the 0-based optimizer step ``step`` gave, once it is done.

        Args:
            step: The step just done.
            values: ``train_loss``, the loss of the step's batch as the loop computes it, after any step; and
                after the last step of an epoch ``loss`` (the validation loss) and the metrics. Numbers, or
                tensors that hold one; NaN and infinite are results.

        Returns:
            Whether to ``stop`` now, and the ``reason``. The answer stays the same if the loop still
            reports on for some steps.

        Raises:
            LoopError: Values are missing, or come at a step where they mean nothing; or the loop went on for
                more than an epoch after it was told to stop.
        """
        if self._reason is not None:
            self._ignored += 1
            if self._ignored > IGNORED_MOST + self.steps_per_epoch:
                raise LoopError(
                    f"the loop goes on although it was told to stop ({self._reason})",
                    "return when report(...).stop is true",
                )
            return self._verdict()
        if len(values) > VALUES_MAX or any(len(name) > VALUE_NAME_MAX for name in values):
            raise LoopError(
                f"{len(values)} values were reported at once, or one with a long name",
                f"report at most {VALUES_MAX}, with names of at most {VALUE_NAME_MAX} characters",
            )
        numbers = {name: _number(name, value) for name, value in values.items()}
        train_loss = numbers.pop(TRAIN_LOSS, None)
        if self.sweep:
            if train_loss is not None:
                self._step(step, train_loss)
            return self._verdict()
        if not 0 <= step < self.total_steps:
            raise LoopError(
                f"step {step} is reported of a training of {self.total_steps} steps",
                "count optimizer steps from 0, and train for trial.total_steps",
            )
        if train_loss is not None:
            self._losses.append(train_loss)
            if not math.isfinite(train_loss):
                self._reason = StopReason.DIVERGED
                return self._verdict()
            self._alive(step)
        if numbers:
            self._epoch(step, numbers)
        return self._verdict()

    def scheduler(self, optimizer: Optimizer) -> TrialLR:
        """A torch LR scheduler that gives the trial's LRs; ``step()`` it after each ``optimizer.step()``.

        Args:
            optimizer: Made with ``lr=trial.initial_lr``; a group with another LR keeps its ratio to it.
        """
        from lrtune.scheduler import TrialLR  # torch, which nothing else here needs

        follower = TrialLR(optimizer, self)
        self._followers.append(follower)
        return follower

    def make_optimizer(self, parameters: Iterable[Any]) -> Optimizer:
        """The torch.optim optimizer that the job asks for, with its options and ``lr=trial.initial_lr``."""
        from lrtune.scheduler import make_optimizer  # torch, which nothing else here needs

        return make_optimizer(self.optimizer, parameters, lr=self.initial_lr)

    @property
    def reason(self) -> StopReason | None:
        """Why it was told to stop."""
        return self._reason

    @property
    def epochs_done(self) -> int:
        """Epochs (of a sweep steps) that were reported."""
        return self._done

    @abstractmethod
    def _deliver(self, epoch: int, lr: float, values: Mapping[str, float | None]) -> StopReason | None:
        """Hand on an epoch, counted from 1, with the LR of its last step; returns why to stop, if so."""

    @abstractmethod
    def _deliver_step(self, step: int, loss: float | None, *, last: bool) -> None:
        """Hand on a step of a sweep; ``last`` says that no further one comes."""

    @abstractmethod
    def _alive(self, step: int) -> None:
        """Called at each step of a training that reports its loss."""

    def _step(self, step: int, loss: float) -> None:
        if step != self._done:
            raise LoopError(
                f"a sweep's step {step} is reported after {self._done} steps",
                "report the train_loss of every optimizer step, in order from 0",
            )
        finite = math.isfinite(loss)
        self._done += 1
        last = not finite or self._done == self.total_steps
        self._deliver_step(step, loss if finite else None, last=last)
        if last and self._reason is None:
            self._reason = StopReason.SWEPT if finite else StopReason.DIVERGED

    def _epoch(self, step: int, numbers: Mapping[str, float]) -> None:
        epoch, within = divmod(step + 1, self.steps_per_epoch)
        if within:
            raise LoopError(
                f"{', '.join(numbers)} came after step {step}, but an epoch has {self.steps_per_epoch} steps",
                "report validation values after an epoch's last step, and check steps_per_epoch",
            )
        if epoch != self._done + 1:
            raise LoopError(
                f"epoch {epoch} is reported after {self._done} epochs", "report every epoch once, in order"
            )
        if missing := [name for name in dict.fromkeys(("loss", self._metric)) if name not in numbers]:
            raise LoopError(
                f"epoch {epoch} was reported without {', '.join(missing)}",
                f"the job is judged by {self._metric}: give it after each epoch, with the validation loss",
            )
        values = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
        if self._losses:
            values = {TRAIN_LOSS: math.fsum(self._losses) / len(self._losses), **values}
            self._losses = []
        self._done = epoch
        lr = self.lr(step)
        assert self._course is not None
        self._course.epoch_end(numbers["loss"])
        for follower in self._followers:
            follower.refresh()
        self._reason = self._deliver(epoch, lr, values)

    def _verdict(self) -> Verdict:
        return Verdict(stop=self._reason is not None, reason=self._reason, reported=self._done)


def _number(name: str, value: Any) -> float:
    if hasattr(value, "detach"):
        value = value.detach()
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise LoopError(f"{name} is a {type(value).__name__}, no number", "give one number") from error
