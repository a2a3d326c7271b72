"""LRs of a real Lightning training."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import lightning
import torch
from torch.utils.data import DataLoader, TensorDataset

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


def run(code: str, *, epochs: int, steps_per_epoch: int, losses: Sequence[float]) -> list[float]:
    """The LR at each optimizer step; ``losses`` are the validation losses."""
    space: dict[str, Any] = {}
    exec(code, space)
    lrs: list[float] = []
    left: Iterator[float] = iter(losses)

    class Base(lightning.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(1, 1)

        def training_step(self, batch: tuple[torch.Tensor], index: int) -> torch.Tensor:
            lrs.append(float(self.optimizers().param_groups[0]["lr"]))
            outputs: torch.Tensor = self.layer(batch[0])
            return outputs.mean()

        def validation_step(self, batch: tuple[torch.Tensor], index: int) -> None:
            self.log("val_loss", torch.tensor(next(left), dtype=torch.float64))

    module = type("Module", (space["Tuned"], Base), {})()
    trainer = lightning.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    train = DataLoader(TensorDataset(torch.ones(steps_per_epoch, 1)))
    trainer.fit(module, train, DataLoader(TensorDataset(torch.ones(1, 1))))
    return lrs
