"""Handwritten digits with a small convolutional network."""

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

import lrtune


class CNN(nn.Module):
    """Two convolutions with batch normalisation, each halving the picture, and a linear layer."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(channels, 2 * channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(2 * channels),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(8 * channels, 10),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        return self.layers(pictures)


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """The share of digits read right."""
    return (outputs.argmax(-1) == targets).float().mean()


def digits_split() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """The 1,797 digits as pictures of 1x8x8 in [0, 1]: 1,437 for training and 360 for validation."""
    digits = load_digits()
    pictures = torch.tensor(digits.images / 16.0, dtype=torch.float32).unsqueeze(1)
    labels = torch.tensor(digits.target, dtype=torch.long)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    train, valid = order[:1437], order[1437:]
    return (pictures[train], labels[train]), (pictures[valid], labels[valid])


def digits_cnn(channels: int = 16, batch_size: int = 64) -> lrtune.Task:
    """Read handwritten digits with a convolutional network.

    Args:
        channels: Channels of the first convolution; the second has twice as many.
        batch_size: Digits a training step sees.
    """
    train, valid = digits_split()
    return lrtune.Task(
        model=lambda: CNN(channels),
        train=train,
        valid=valid,
        loss=nn.functional.cross_entropy,
        metrics={"accuracy": accuracy},
        batch_size=batch_size,
    )
