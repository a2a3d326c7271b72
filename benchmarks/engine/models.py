"""Models as a user would write them, and the batches they are timed on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lrtune.task import Task

EXAMPLES = 512


class TinyMLP(nn.Sequential):
    """64-32-32-10."""

    def __init__(self) -> None:
        super().__init__(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10))


class MLP(nn.Sequential):
    """64-256-256-10."""

    def __init__(self) -> None:
        super().__init__(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10))


class CNN(nn.Sequential):
    """Two convolutions on a square picture."""

    def __init__(self, side: int = 28) -> None:
        super().__init__(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(32 * (side // 4) ** 2, 10),
        )


class Residual(nn.Module):
    """Two convolutions with batch normalisation beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        same = stride == 1 and inputs == outputs
        self.shortcut = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


class ResNet8(nn.Sequential):
    """A residual network of 8 layers with batch normalisation, on 8x8 pictures."""

    def __init__(self, width: int = 16) -> None:
        super().__init__(
            nn.Conv2d(1, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            Residual(width, width, 1),
            Residual(width, 2 * width, 2),
            Residual(2 * width, 4 * width, 2),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(4 * width, 10),
        )


class Block(nn.Module):
    """A transformer block."""

    def __init__(self, width: int, heads: int, *, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.network = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        parts = self.project(self.norm1(x)).chunk(3, -1)
        query, key, value = (part.view(batch, length, self.heads, -1).transpose(1, 2) for part in parts)
        attended = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=self.causal)
        x = x + self.mix(attended.transpose(1, 2).reshape(batch, length, width))
        result: Tensor = x + self.network(self.norm2(x))
        return result


class Transformer(nn.Module):
    """An encoder that classifies a sequence (``letters`` None) or a causal model of letters."""

    def __init__(self, width: int, layers: int, length: int, vocabulary: int, *, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.embed, self.position = (
            nn.Embedding(vocabulary, width),
            nn.Parameter(0.02 * torch.randn(length, width)),
        )
        self.blocks = nn.Sequential(*(Block(width, 4, causal=causal) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary if causal else 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.blocks(self.embed(x) + self.position))
        result: Tensor = self.head(x if self.causal else x.mean(1))
        return result


class CharGRU(nn.Module):
    """A GRU that predicts the next letter."""

    def __init__(self, width: int = 64, vocabulary: int = 65) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.recur = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.head(self.recur(self.embed(x))[0])
        return result


def token_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy over the last axis, whatever comes before it."""
    return nn.functional.cross_entropy(outputs.flatten(0, -2), targets.flatten())


@dataclass(frozen=True)
class Subject:
    """A model to time: how it is built, and the goal of fused over plain on one CPU core."""

    name: str
    title: str
    task: Callable[[], Task]
    goal: float | None = None


def _pictures(side: int, *, flat: bool = False) -> tuple[Tensor, Tensor]:
    shape = (EXAMPLES, side * side) if flat else (EXAMPLES, 1, side, side)
    return torch.randn(shape), torch.randint(0, 10, (EXAMPLES,))


def _task(model: Callable[[], nn.Module], data: tuple[Tensor, Tensor], batch_size: int) -> Task:
    return Task(model=model, train=data, valid=data, loss=token_loss, batch_size=batch_size)


def _letters(length: int) -> tuple[Tensor, Tensor]:
    return torch.randint(0, 65, (EXAMPLES, length)), torch.randint(0, 65, (EXAMPLES, length))


def _encoder() -> Task:
    data = torch.randint(0, 100, (EXAMPLES, 32)), torch.randint(0, 10, (EXAMPLES,))
    return _task(lambda: Transformer(64, 2, 32, 100, causal=False), data, 32)


SUBJECTS = (
    Subject("tiny-mlp", "tiny MLP 64-32-32-10", lambda: _task(TinyMLP, _pictures(8, flat=True), 32), 10.0),
    Subject("mlp", "MLP 64-256-256-10", lambda: _task(MLP, _pictures(8, flat=True), 64), 2.0),
    Subject("cnn", "CNN 28x28", lambda: _task(CNN, _pictures(28), 64)),
    Subject("small-cnn", "CNN 8x8", lambda: _task(lambda: CNN(8), _pictures(8), 64), 1.5),
    Subject("resnet8", "ResNet-8 with BatchNorm, 8x8", lambda: _task(ResNet8, _pictures(8), 64), 1.5),
    Subject("encoder", "transformer encoder, width 64", _encoder),
    Subject(
        "char-gpt",
        "char-GPT, 4 layers, width 128, 64 letters",
        lambda: _task(lambda: Transformer(128, 4, 64, 65, causal=True), _letters(64), 12),
    ),
    Subject("gru", "GRU, width 64, 32 letters", lambda: _task(CharGRU, _letters(32), 32)),
)
