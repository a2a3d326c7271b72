"""The checkpoints of a ``train`` unit: when to ask the trainer for one, where it is kept, when it is used."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping

from lrtune.wire import Trial
from store import Tx, checkpoints, events
from store.checkpoints import Checkpoint
from workers.checkpoints import Refused
from workers.keeper import Drained
from workers.protocol import Save
from workers.sandbox.plan import MB
from workers.work import Work

NAME = "checkpoint.pt"
DISK_SHARE = 4
"""A checkpoint gets a quarter of the disk that its task may use: the task's own files are there, too."""
TIME_SHARE = 20
"""Saving takes a twentieth of the time at most."""


class Saving:
    """Saves a unit's trainings and goes on with them.

    Args:
        work: The unit at hand; its task is loaded.
        possible: Whether its trainings can be saved at all.
        clock: Monotonic seconds.
    """

    def __init__(self, work: Work, *, possible: bool, clock: Callable[[], float] = time.monotonic) -> None:
        settings = work.settings
        self._work = work
        self._clock = clock
        self._most_bytes = min(settings.disk_mb * MB // DISK_SHARE, work.checkpoints.limit_bytes)
        self._on = possible and self._most_bytes > 0 and work.job.id not in work.checkpoints.refused
        if self._on:
            work.keeper.patient(settings.save_s)
        self._pause_s = settings.checkpoint_s
        self._saved_at = clock()
        self._asked_at: float | None = None
        self._number = 0
        self._kept: Checkpoint | None = None
        self._to_tell: str | None = None

    def found(self, trials: Mapping[int, Trial]) -> Checkpoint | None:
        """The unit's checkpoint, laid ready for the child at ``resumed``; None to begin from the start.

        Args:
            trials: The unit's, by number, with their curves.

        Raises:
            Cancelled, Drained, LeaseLost: The work must stop.
        """
        work = self._work
        self._kept = found = work.keeper.read(lambda tx: checkpoints.of(tx, work.lease))
        if found is None:
            return None
        try:
            if any(n not in trials or len(trials[n].curve) < done for n, done in found.epochs.items()):
                raise Refused("it does not fit the trials that are stored")
            (work.folder.resumed / NAME).unlink(missing_ok=True)
            work.checkpoints.fetch(found.name, found.digest, work.folder.resumed / NAME, work.tick)
        except Refused as why:
            self.unfit(str(why), trials)
            return None
        done = ", ".join(map(str, sorted(set(found.epochs.values()))))
        self._to_tell = f"{_named(found.epochs)} go on from a checkpoint, after epoch {done}."
        return found

    @property
    def resumed(self) -> str:
        """Where the child reads what was ``found``."""
        return str(self._work.folder.resumed / NAME)

    def unfit(self, reason: str, trials: Collection[int]) -> None:
        """What was found can't be used: the unit's trials start over.

        Raises:
            LeaseLost: The work must stop.
        """
        text = f"{_named(trials)} start over: their checkpoint can't be used, because {reason}."

        def write(tx: Tx) -> None:
            checkpoints.drop(tx, self._work.lease)
            events.add(tx, self._work.job.id, "warning", {"text": text})

        self._work.keeper.write(write)
        self._to_tell = None
        self.forget()

    def ask(self) -> Save | None:
        """What to ask of the child after a round: a checkpoint if one is due, or if the worker must stop."""
        now = self._clock()
        stopping = self._work.keeper.stopping
        if not self._on or not (stopping or now - self._saved_at >= self._pause_s):
            return None
        self._asked_at = now
        return Save(path=str(self._work.folder.saved / NAME), most_bytes=self._most_bytes)

    def tell(self, tx: Tx) -> None:
        """Put into the job's events what is to be told."""
        if self._to_tell is not None:
            events.add(tx, self._work.job.id, "checkpoint", {"text": self._to_tell})
            self._to_tell = None

    @property
    def asked(self) -> bool:
        """Whether the child owes an answer to ``ask``."""
        return self._asked_at is not None

    def saved(self, epochs: Mapping[int, int], write: Callable[[Tx], None]) -> None:
        """The child has saved: keep it.

        Args:
            epochs: Epochs done, by number of the trials that are left.
            write: Stores in the same transaction what the trials have told up to here.

        Raises:
            Drained: The worker must stop, and now it can.
            Cancelled, LeaseLost: The work must stop.
        """
        work, lease, before = self._work, self._work.lease, self._kept
        self._number += 1
        name = f"{work.job.id}-{lease.unit}-{lease.attempt}-{self._number}.pt"
        source = work.folder.saved / NAME
        try:
            digest = work.checkpoints.put(name, source, self._most_bytes, work.tick)
        except Refused as why:
            self.refused(str(why), write)
            return
        kept = Checkpoint(name, digest, dict(epochs))

        def record(tx: Tx) -> None:
            write(tx)
            checkpoints.put(tx, lease, kept)

        try:
            work.keeper.write(record)
        except BaseException:
            work.checkpoints.remove(name)
            raise
        self._kept = kept
        if before is not None:
            work.checkpoints.remove(before.name)
        source.unlink(missing_ok=True)
        work.checkpoints.trim(work.keeper.read(checkpoints.live), name)
        self._over()

    def refused(self, reason: str, write: Callable[[Tx], None]) -> None:
        """No checkpoint of this job can be had here: say so, and ask no more.

        Raises:
            Drained, LeaseLost: The work must stop.
        """
        text = f"A training could not be saved, so it starts over if its worker is lost: {reason}."

        def record(tx: Tx) -> None:
            write(tx)
            events.add(tx, self._work.job.id, "warning", {"text": text})

        self._work.keeper.write(record)
        self._work.checkpoints.refused.add(self._work.job.id)
        self._on = False
        self._over()

    def forget(self) -> None:
        """The unit needs no checkpoint any more."""
        if self._kept is not None:
            self._work.checkpoints.remove(self._kept.name)
            self._kept = None

    def _over(self) -> None:
        assert self._asked_at is not None
        self._saved_at = self._clock()
        took_s = self._saved_at - self._asked_at
        self._pause_s = max(self._work.settings.checkpoint_s, took_s * TIME_SHARE)
        self._asked_at = None
        if self._work.keeper.stopping:
            raise Drained


def _named(numbers: Collection[int]) -> str:
    return f"Trials {', '.join(map(str, sorted(numbers)))}"
