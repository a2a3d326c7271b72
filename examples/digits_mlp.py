"""Handwritten digits with a multilayer perceptron."""

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

import lrtune


class MLP(nn.Module):
    """Two hidden layers with dropout."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(64, width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(width, 10),
        )

    def forward(self, pixels: Tensor) -> Tensor:
        return self.layers(pixels)


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """The share of digits read right."""
    return (outputs.argmax(-1) == targets).float().mean()


def digits_split() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """The 1,797 digits, 64 pixels in [0, 1] each, as 1,437 for training and 360 for validation."""
    digits = load_digits()
    pixels = torch.tensor(digits.data / 16.0, dtype=torch.float32)
    labels = torch.tensor(digits.target, dtype=torch.long)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    train, valid = order[:1437], order[1437:]
    return (pixels[train], labels[train]), (pixels[valid], labels[valid])


def digits_mlp(width: int = 128, dropout: float = 0.1, batch_size: int = 64) -> lrtune.Task:
    """Read handwritten digits with a multilayer perceptron.

    Args:
        width: Units of each hidden layer.
        dropout: Share of hidden units that a training step leaves out.
        batch_size: Digits a training step sees.
    """
    train, valid = digits_split()
    return lrtune.Task(
        model=lambda: MLP(width, dropout),
        train=train,
        valid=valid,
        loss=nn.functional.cross_entropy,
        metrics={"accuracy": accuracy},
        batch_size=batch_size,
    )
