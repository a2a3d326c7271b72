"""The adapters with the real frameworks, through the examples, in a real child."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lrtune import schedules
from lrtune.wire import OptimizerSpec, Setting, TrialState
from tests.engine.trainer import Trainer, lane
from workers.protocol import Lane

EXAMPLES = Path(__file__).parents[2] / "examples"
LOOPS = ["lightning_loop", "transformers_loop", "keras_loop", "accelerate_loop"]
SGD = OptimizerSpec.model_validate({"name": "sgd", "momentum": 0.9})
PLATEAU = Setting(
    schedule="plateau",
    initial_lr=0.05,
    params={"patience": 0.0, "min_delta": 1e6, "threshold_mode": "abs"},
)
LRS = [1e-4 * 10 ** (n / 3) for n in range(13)]


@pytest.fixture(scope="module")
def child() -> Iterator[Trainer]:
    with Trainer() as trainer:
        yield trainer


@pytest.mark.parametrize("name", LOOPS)
def test_loops_of_frameworks(child: Trainer, name: str) -> None:
    told = child.load(EXAMPLES, f"{name}:{name}", optimizer=SGD)
    assert (told.mode, told.steps_per_epoch) == ("owned", 22)

    curves = child.sweep(LRS, [0])
    seen = [loss for loss in curves[0] if loss is not None]
    assert len(curves[0]) == len(LRS)
    assert seen[0] == pytest.approx(2.3, abs=0.5)
    assert len(set(seen)) == len(seen)

    asked = [
        lane(0, 0.05, schedule="cosine", epochs=2, seed=1),
        Lane(number=1, setting=PLATEAU, seed=1, epochs=2),
        lane(2, 0.05, schedule="cosine", epochs=2, seed=1),
        lane(3, 0.05, epochs=2),
    ]
    trained = child.train(asked, judge=lambda r: [row.number for row in r.rows if row.number == 3])
    assert trained.curves[0] == trained.curves[2]
    for number in (0, 1):
        losses = [values["loss"] or 0.0 for values in trained.curves[number]]
        length = {"total_steps": 44, "steps_per_epoch": 22}
        rates = schedules.lr_sequence(asked[number].setting, **length, metrics=losses)
        assert trained.rates[number] == rates[21::22].tolist()
        assert trained.ends[number].state is TrialState.COMPLETE
        assert losses[-1] < 2.5
    assert (trained.ends[3].state, len(trained.curves[3])) == (TrialState.PRUNED, 1)


def test_a_keras_model_as_a_task(child: Trainer) -> None:
    child.load(EXAMPLES, "keras_task:keras_task", optimizer=SGD)
    trained = child.train([lane(0, 0.05, epochs=2, seed=1), lane(1, 0.05, epochs=2, seed=2)])
    assert all((end.value or 9.0) < 1.5 for end in trained.ends.values())
    assert trained.curves[0] != trained.curves[1]


LR_PROBE = """
import os
os.environ["KERAS_BACKEND"] = "torch"
import sys
from importlib import import_module

import keras
import torch

from lrtune.schedules import lr_sequence
from lrtune.wire import OptimizerSpec, Setting
from workers.protocol import Continue, Lane
from workers.trainer.owned import OwnedLoop

sys.path.insert(0, "examples")
lrs = []

def spy(owner, method, rate):
    inner = getattr(owner, method)
    def spied(self, *given, **named):
        lrs.append(rate(self))
        return inner(self, *given, **named)
    setattr(owner, method, spied)

spy(keras.optimizers.SGD, "apply", lambda optimizer: float(optimizer.learning_rate))
spy(torch.optim.SGD, "step", lambda optimizer: optimizer.param_groups[0]["lr"])
setting = Setting(schedule="cosine", initial_lr=0.05)
expected = lr_sequence(setting, total_steps=44, steps_per_epoch=22)
for name in sys.argv[1:]:
    lrs.clear()
    loop = getattr(import_module(name), name)()
    owned = OwnedLoop(loop, OptimizerSpec.model_validate({"name": "sgd", "momentum": 0.9}), None)
    lane = Lane(number=0, setting=setting, seed=1, epochs=2)
    owned.train(lane, "loss", lambda reports: Continue(), lambda *told: None)
    assert len(lrs) == 44, (name, len(lrs))
    within = 1e-8 if name == "keras_loop" else 1e-15  # Keras keeps its LR in float32
    assert max(abs(a - b) for a, b in zip(lrs, expected)) < within, (name, lrs)
"""


def test_every_step_runs_at_the_schedules_lr() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LR_PROBE, *LOOPS],
        cwd=EXAMPLES.parent,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_framework_that_is_not_installed_is_named() -> None:
    script = (
        "import sys; sys.modules['lightning'] = None\n"
        "from lrtune import adapters\n"
        "try:\n    adapters.LightningCallback\n"
        "except ModuleNotFoundError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "pip install 'lrtune[lightning]'" in done.stdout
