"""The peers' LR finders, from their real packages, with their defaults.

Runs in the benchmark's own environment (constraints.txt): ``python -m benchmarks.range_test.peers`` writes
one JSON line a run to standard output; ``python -m benchmarks.range_test`` starts it.
"""

# The peers are installed in the benchmark's environment only, and some of them have no types.
# mypy: disable-error-code="import-not-found, misc"

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import math
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.range_test.pairs import PAIRS, Pair

STEPS = 100
START_LR = 1e-7
"""Where torch-lr-finder's and ignite's own examples start: they take the optimizer's LR."""

Suggestions = dict[str, float | None]
CLASSES: dict[str, Any] = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam, "sgd": torch.optim.SGD}


NAMES = {
    "fastai": ("fastai valley", "fastai steep", "fastai slide", "fastai minimum"),
    "lightning": ("Lightning",),
    "torch-lr-finder": ("torch-lr-finder",),
    "ignite": ("ignite",),
}
"""The suggestions of each tool."""


class Run:
    """One fresh network, loader and optimizer of a pair, built under a seed."""

    def __init__(self, pair: Pair, seed: int) -> None:
        task = pair.task()
        torch.manual_seed(seed)
        self.model: nn.Module = task.model()
        self.loss = task.loss
        self.train = DataLoader(
            TensorDataset(*task.train),
            batch_size=task.batch_size,
            shuffle=True,
            drop_last=True,
            generator=torch.Generator().manual_seed(seed),
        )
        self.valid = DataLoader(TensorDataset(*task.valid), batch_size=task.batch_size)
        options = {k: v for k, v in pair.optimizer.items() if k != "name"}
        self.make = partial(CLASSES[pair.optimizer["name"]], **options)

    def optimizer(self, lr: float = START_LR) -> torch.optim.Optimizer:
        made: torch.optim.Optimizer = self.make(self.model.parameters(), lr=lr)
        return made


def fastai(run: Run) -> Suggestions:
    from fastai.callback.schedule import minimum, slide, steep, valley
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner
    from fastai.optimizer import OptimWrapper

    with tempfile.TemporaryDirectory() as folder:
        learner = Learner(
            DataLoaders(run.train, run.valid),
            run.model,
            loss_func=run.loss,
            opt_func=partial(OptimWrapper, opt=run.make),
            path=folder,
        )
        with learner.no_bar():
            found = learner.lr_find(show_plot=False, suggest_funcs=(valley, steep, slide, minimum))
    return {name: _number(getattr(found, name.split()[1])) for name in NAMES["fastai"]}


def lightning(run: Run) -> Suggestions:
    import lightning
    from lightning.pytorch.tuner import Tuner

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = run.model
            self.lr = 1e-3

        def training_step(self, batch: Any, _: int) -> Any:
            inputs, targets = batch
            return run.loss(self.model(inputs), targets)

        def configure_optimizers(self) -> Any:
            return run.make(self.parameters(), lr=self.lr)

    with tempfile.TemporaryDirectory() as folder:
        trainer = lightning.Trainer(
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=folder,
            max_epochs=1000,
        )
        found = Tuner(trainer).lr_find(Module(), train_dataloaders=run.train)
    return {"Lightning": None if found is None else _number(found.suggestion())}


def torch_lr_finder(run: Run) -> Suggestions:
    import matplotlib as mpl

    mpl.use("Agg")
    from torch_lr_finder import LRFinder

    finder = LRFinder(run.model, run.optimizer(), run.loss, device="cpu")
    finder.range_test(run.train, end_lr=10, num_iter=STEPS)
    found = finder.plot(suggest_lr=True)
    return {"torch-lr-finder": _number(found[1]) if isinstance(found, tuple) else None}


def ignite(run: Run) -> Suggestions:
    from ignite.engine import create_supervised_trainer
    from ignite.handlers import FastaiLRFinder

    optimizer = run.optimizer()
    trainer = create_supervised_trainer(run.model, optimizer, run.loss)
    finder = FastaiLRFinder()
    with finder.attach(
        trainer, {"model": run.model, "optimizer": optimizer}, num_iter=STEPS, start_lr=START_LR, end_lr=10.0
    ) as sweeping:
        sweeping.run(run.train)
    return {"ignite": _number(finder.lr_suggestion())}


TOOLS: dict[str, Callable[[Run], Suggestions]] = {
    "fastai": fastai,
    "lightning": lightning,
    "torch-lr-finder": torch_lr_finder,
    "ignite": ignite,
}


def _number(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) and found > 0 else None


def _quietly(tool: Callable[[Run], Suggestions], run: Run) -> Suggestions:
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
        return tool(run)


def main() -> int:
    """Every tool on every pair; a tool that raises declined, and the line says with what."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, required=True)
    parser.add_argument("--pairs", nargs="*", default=[pair.name for pair in PAIRS])
    options = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    for pair in (p for p in PAIRS if p.name in options.pairs):
        for repeat in range(options.repeats):
            for name, tool in TOOLS.items():
                try:
                    found, error = _quietly(tool, Run(pair, repeat)), None
                except Exception as raised:  # whatever a peer raises is its answer
                    found, error = dict.fromkeys(NAMES[name]), repr(raised)[:200]
                line = {"pair": pair.name, "repeat": repeat, "found": found, "error": error}
                print(json.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
