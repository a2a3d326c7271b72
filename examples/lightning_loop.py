"""A Lightning module, trained by Lightning's own Trainer: lrtune.adapters.LightningCallback."""

import lightning
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import lrtune
from lrtune.adapters import LightningCallback

BATCH = 64


class Digits(lightning.LightningModule):
    """Reads handwritten digits."""

    def __init__(self, width: int, trial: lrtune.LoopTrial) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))
        self.trial = trial

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        return nn.functional.cross_entropy(self.layers(batch[0]), batch[1])

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        outputs = self.layers(batch[0])
        self.log("val_loss", nn.functional.cross_entropy(outputs, batch[1]))
        self.log("val_accuracy", (outputs.argmax(1) == batch[1]).float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return self.trial.make_optimizer(self.parameters())


def lightning_loop(width: int = 64) -> lrtune.Loop:
    """Read handwritten digits with Lightning.

    Args:
        width: Units of the hidden layer.
    """
    digits = load_digits()
    pixels = torch.tensor(digits.data / 16.0, dtype=torch.float32)
    labels = torch.tensor(digits.target)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    train_set = TensorDataset(pixels[order[:1437]], labels[order[:1437]])
    valid_set = TensorDataset(pixels[order[1437:]], labels[order[1437:]])

    def train(trial: lrtune.LoopTrial) -> None:
        trainer = lightning.Trainer(
            max_steps=trial.total_steps,
            limit_val_batches=0 if trial.sweep else 1.0,
            callbacks=[LightningCallback(trial, metrics={"accuracy": "val_accuracy"})],
            num_sanity_val_steps=0,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        batches = DataLoader(train_set, BATCH, shuffle=True, drop_last=True)
        trainer.fit(Digits(width, trial), batches, DataLoader(valid_set, len(valid_set)))

    return lrtune.Loop(
        train=train, steps_per_epoch=len(train_set) // BATCH, batch_size=BATCH, metrics=("accuracy",)
    )
