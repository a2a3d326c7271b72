"""A training that goes on from a checkpoint is the one that was never interrupted, to the bit."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lrtune.schedules import start
from tests.engine.kinds import workload
from tests.engine.trainer import Trainer, lane
from workers.protocol import Continue, Done, Finished, Reply, Reports, Save, Saved, Train, Unfit
from workers.trainer import checkpoint
from workers.trainer.attributes import Unsaved
from workers.trainer.compiled import CompiledStep
from workers.trainer.lanes import Lanes
from workers.trainer.loop import train
from workers.trainer.plain import PlainLanes
from workers.trainer.population import FusedLanes
from workers.trainer.workload import Workload

CPU = torch.device("cpu")
MAKERS = {"torch": str(torch.__version__)}
MOST = 2**30

LANES = [
    lane(0, 1e-2, schedule="plateau", seed=1, epochs=5, patience=0.0, min_delta=0.05, threshold_mode="rel"),
    lane(1, 1e-3, schedule="cosine", seed=1, epochs=3),
    lane(2, 3e-3, schedule="step", seed=2, epochs=4),
    lane(3, 2e-3, schedule="plateau", seed=1, epochs=4, patience=0.0, min_delta=0.9, threshold_mode="rel"),
    lane(4, 1e-3, schedule="one_cycle", seed=3, epochs=3),
]
"""Fewer places than lanes: some wait, and are at another epoch than their neighbours later."""
PLACES = 3


class Noise(nn.Module):
    """Draws from torch's generator, Python's and NumPy's."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        drawn = random.random() + float(np.random.rand())
        result: Tensor = self.layer(x + 0.1 * torch.randn_like(x) + 0.01 * drawn)
        return result


class Told:
    """What an order told, round by round: values of lanes and ends, in order."""

    def __init__(self, folder: Path | None = None) -> None:
        self.rounds: list[list[Any]] = [[]]
        self.folder = folder

    def exchange(self, reports: Reports) -> Continue:
        self.rounds[-1] += [(row.number, row.report.model_dump()) for row in reports.rows]
        asked = None if self.folder is None else Save(path=str(self.folder / "c.pt"), most_bytes=MOST)
        stop = [row.number for row in reports.rows if (row.number, row.report.epoch) == (2, 2)]
        return Continue(stop=stop, save=asked)

    def finish(self, end: Finished) -> None:
        self.rounds[-1].append(end)

    def save(self, asked: Save, state: Callable[[], dict[str, Any]]) -> None:
        checkpoint.write(Path(asked.path), MAKERS, state, asked.most_bytes)
        Path(asked.path).rename(Path(asked.path).with_name(f"{len(self.rounds)}.pt"))
        self.rounds.append([])


def run(load: Workload, population: Lanes, told: Told, resume: Path | None = None) -> list[Any]:
    """Train all lanes; everything they told."""
    state = None if resume is None else checkpoint.read(resume, MAKERS, CPU)
    train(
        load,
        population,
        PLACES,
        LANES,
        "loss",
        start=start,
        finish=told.finish,
        exchange=told.exchange,
        working=lambda what, done, total: None,
        save=told.save,
        resume=state,
    )
    return [each for row in told.rounds for each in row]


def resumes(load: Workload, build: Callable[[], Lanes], folder: Path) -> None:
    """Saving changes nothing, and from each checkpoint the rest is what it was."""
    _disturb(0)
    undisturbed = run(load, build(), Told())
    _disturb(0)
    saving = Told(folder)
    assert run(load, build(), saving) == undisturbed
    assert len(saving.rounds) >= 4
    for done in range(1, len(saving.rounds)):
        _disturb(done)
        rest = [each for row in saving.rounds[done:] for each in row]
        assert run(load, build(), Told(), folder / f"{done}.pt") == rest


def _disturb(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@pytest.mark.parametrize(
    ("kind", "optimizer"),
    [
        *(
            (kind, name)
            for kind in ("batchnorm2d", "dropout")
            for name in ("adamw", "sgd", "rmsprop", "asgd")
        ),
        ("gru", "adamw"),
        ("transformer encoder", "adamw"),
    ],
)
def test_fused_lanes_resume_to_the_bit(kind: str, optimizer: str, tmp_path: Path) -> None:
    options = {"momentum": 0.9} if optimizer == "sgd" else {}
    load = workload(kind, optimizer, options=options, clip_grad_norm=1.0)
    resumes(load, lambda: FusedLanes(load), tmp_path)


@pytest.mark.parametrize("optimizer", ["adam", "asgd", "lbfgs"])
@pytest.mark.parametrize("kind", ["batchnorm1d", "dropout", Noise])
def test_plain_lanes_resume_to_the_bit(
    kind: str | Callable[[], nn.Module], optimizer: str, tmp_path: Path
) -> None:
    load = workload(kind, optimizer, options={"max_iter": 2} if optimizer == "lbfgs" else {})
    resumes(load, lambda: PlainLanes(load), tmp_path)


@pytest.mark.parametrize("fields", [{"accumulate": 2}, {"precision": "bf16"}, {"budget": 1}])
def test_all_ways_of_training_resume_to_the_bit(fields: dict[str, Any], tmp_path: Path) -> None:
    load = workload("batchnorm1d", dtype=torch.float32, **fields)
    resumes(load, lambda: FusedLanes(load), tmp_path)


def test_scales_of_losses_resume_to_the_bit(tmp_path: Path) -> None:
    load = workload("batchnorm1d", dtype=torch.float32, precision="fp16")
    resumes(load, lambda: PlainLanes(load), tmp_path)


def test_compiled_steps_resume_to_the_bit(tmp_path: Path) -> None:
    load = workload("dropout", "rmsprop")
    step = CompiledStep(load, 2)
    resumes(load, lambda: FusedLanes(load, step), tmp_path)


class Counting(nn.Linear):
    """Keeps a count that no checkpoint holds."""

    calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return super().forward(x)


def test_a_model_that_keeps_more_than_buffers_is_not_saved(tmp_path: Path) -> None:
    load = workload(lambda: Counting(6, 3))
    with pytest.raises(Unsaved, match=r"^calls changes during training"):
        run(load, PlainLanes(load), Told(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_over_its_limit_is_not_written(tmp_path: Path) -> None:
    state = {"rows": torch.zeros(3 * 2**18)}
    with pytest.raises(Unsaved, match="it would have 3 MiB, and may have 1"):
        checkpoint.write(tmp_path / "c.pt", MAKERS, lambda: state, 2**20)
    assert not list(tmp_path.iterdir())


def test_what_is_no_checkpoint_of_ours_is_not_resumed(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    checkpoint.write(path, {"torch": "1.0"}, lambda: {"rows": torch.zeros(3)}, MOST)
    with pytest.raises(checkpoint.Misfit, match=r"made with torch 1.0, and here is 2\."):
        checkpoint.read(path, MAKERS, CPU)
    whole = path.read_bytes()
    for damaged in (b"", whole[:-100], whole[:200] + b"\xff" * 200 + whole[400:]):
        path.write_bytes(damaged)
        with pytest.raises(checkpoint.Misfit):
            checkpoint.read(path, {"torch": "1.0"}, CPU)
    torch.save(["anything"], path)
    with pytest.raises(checkpoint.Misfit, match="format"):
        checkpoint.read(path, MAKERS, CPU)


def test_no_code_in_a_file_runs(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "sprung",)

    torch.save({"format": checkpoint.FORMAT, "makers": Trap()}, tmp_path / "c.pt")
    with pytest.raises(checkpoint.Misfit):
        checkpoint.read(tmp_path / "c.pt", MAKERS, CPU)
    assert not (tmp_path / "sprung").exists()


TASK = """
import lrtune, torch
from torch import nn

def task() -> lrtune.Task:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 6, generator=generator)
    y = (x.sum(1) > 0).long()
    return lrtune.Task(
        model=lambda: nn.Sequential(nn.Linear(6, 8), nn.Dropout(0.2), nn.Linear(8, 2)),
        train=(x, y), valid=(x, y), loss=nn.functional.cross_entropy, batch_size=16,
    )
"""


def test_another_child_goes_on(tmp_path: Path) -> None:
    (tmp_path / "task.py").write_text(TASK)
    path = tmp_path / "c.pt"
    with Trainer() as child:
        child.load(tmp_path, "task:task")
        child.tell(Train(lanes=LANES, metric="loss"))
        for _ in range(2):
            assert isinstance(child.hear(), Reports)
            child.tell(Continue(save=Save(path=str(path), most_bytes=MOST)))
            assert isinstance(child.hear(), Saved)
        expected = _rest(child)
    with Trainer() as child:
        child.load(tmp_path, "task:task")
        child.tell(Train(lanes=LANES[:3], metric="loss", resume=str(path)))
        unfit = child.hear()
        assert isinstance(unfit, Unfit)
        assert unfit.reason.startswith("it was made with trainings ")
        child.tell(Train(lanes=LANES, metric="loss", resume=str(path)))
        assert _rest(child) == expected


def _rest(child: Trainer) -> list[Reply]:
    """All that the child tells up to the end of its order."""
    told: list[Reply] = []
    while not isinstance(reply := child.hear(), Done):
        told.append(reply)
        if isinstance(reply, Reports):
            child.tell(Continue())
    return told
