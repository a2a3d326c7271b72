"""A worker is lost in the middle of a long unit: another one goes on where it was, to the bit."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from lrtune.wire import Event, JobRequest, Phase, Setting, Trial
from store import Database, events, jobs, migrate, tasks, trials, units
from store.trials import NewTrial
from tests.acceptance.processes import trainers, until, working

EPOCHS = 40
SAVING = {"LRTUNE_CHECKPOINT_S": "0"}

TASK = b"""
import lrtune, torch
from torch import nn

def task() -> lrtune.Task:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(320, 8, generator=generator)
    y = (x[:, :4].sum(1) > x[:, 4:].sum(1)).long()
    return lrtune.Task(
        model=lambda: nn.Sequential(
            nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 2)
        ),
        train=(x[:256], y[:256]), valid=(x[256:], y[256:]), loss=nn.functional.cross_entropy, batch_size=16,
    )
"""

SETTINGS = [
    Setting(schedule="cosine", initial_lr=1e-2, params={}),
    Setting(schedule="plateau", initial_lr=3e-2, params={"patience": 0.04}),
    Setting(schedule="one_cycle", initial_lr=1e-1, params={}),
]


class Scene:
    """A job under ``home`` whose next unit is a long training."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
        self.home = home
        self.job = "job1"
        self.checkpoints = home / "checkpoints"
        url = f"sqlite:///{home / 'lrtune.db'}"
        migrate(url)
        self.database = Database(url)
        with self.database.write() as tx:
            tasks.register(
                tx, name="t", entry="task:task", description="", params_schema={}, files={"task.py": TASK}
            )
            jobs.submit(tx, JobRequest(task="t", epochs=EPOCHS), job_id=self.job)
        plan = units.claim(self.database, "planner", lease_s=60)
        assert plan is not None
        with units.held(self.database, plan) as tx:
            new = [
                NewTrial(Phase.CONFIRM, 0, setting, 7 + i % 2, EPOCHS) for i, setting in enumerate(SETTINGS)
            ]
            units.add(tx, self.job, "train", {"numbers": trials.add(tx, self.job, new)})
            units.finish(tx, plan)

    def trials(self) -> list[Trial]:
        with self.database.read() as tx:
            return trials.for_job(tx, self.job, curves=True)

    def told(self, kind: str) -> list[Event]:
        with self.database.read() as tx:
            return [event for event in events.after(tx, self.job, 0, 10_000) if event.kind == kind]

    def over(self) -> bool:
        return all(trial.state.final for trial in self.trials())

    def interrupt(self, how: signal.Signals) -> None:
        """Have a worker begin, and lose it once it has saved."""
        with working(self.home, **SAVING) as first:
            until(lambda: len(self.trials()[0].curve) > 3 and any(self.checkpoints.glob("*.pt")), "a file")
            first.send_signal(how)
            assert first.wait(60) == (0 if how is signal.SIGTERM else -how)
            until(lambda: not trainers(self.home), "the trainer's end")

    def finish(self) -> list[dict[str, Any]]:
        with working(self.home, **SAVING):
            until(self.over, "the end of the trials")
        return [trial.model_dump() for trial in self.trials()]


def test_the_next_worker_goes_on_or_starts_over_to_the_same_bits(tmp_path: Path) -> None:
    resumed, damaged = (Scene(tmp_path / name) for name in ("resumed", "damaged"))

    resumed.interrupt(signal.SIGTERM)
    reached = [len(trial.curve) for trial in resumed.trials()]
    assert all(3 < epochs < EPOCHS for epochs in reached)

    damaged.interrupt(signal.SIGKILL)
    [kept] = damaged.checkpoints.glob("*.pt")
    kept.write_bytes(kept.read_bytes()[:-1])

    assert resumed.finish() == damaged.finish()
    [told] = resumed.told("checkpoint")
    assert f"after epoch {reached[0]}." in told.data["text"]
    assert not any(resumed.checkpoints.iterdir())
    assert not damaged.told("checkpoint")
    assert any("its file is damaged" in told.data["text"] for told in damaged.told("warning"))
