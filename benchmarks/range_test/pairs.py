"""The task × optimizer pairs: real data, small networks, none of it fetched from a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from sklearn.datasets import load_breast_cancer, load_digits
from torch import Tensor, nn

from examples.char_transformer import CharTransformer, next_letter_loss
from examples.diabetes_mlp import MLP as DiabetesMLP  # noqa: N811 (an acronym)
from examples.diabetes_mlp import diabetes_split
from examples.digits_cnn import CNN
from examples.digits_mlp import MLP as DigitsMLP  # noqa: N811 (an acronym)
from examples.digits_mlp import digits_split
from lrtune.task import Task

Split = tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Pair:
    """One task with one optimizer. ``epochs`` is the full run, divisible by 16."""

    name: str
    kind: str
    task: Callable[[], Task]
    optimizer: dict[str, Any]
    epochs: int


def digits_mlp() -> Task:
    """Handwritten digits, clean labels."""
    train, valid = digits_split()
    return Task(
        model=lambda: DigitsMLP(64, 0.1),
        train=train,
        valid=valid,
        loss=nn.functional.cross_entropy,
        batch_size=48,
    )


def noisy_digits_mlp() -> Task:
    """Digits of which four in ten training labels are drawn anew."""
    (inputs, labels), valid = digits_split()
    draw = torch.Generator().manual_seed(1)
    wrong = torch.rand(len(labels), generator=draw) < 0.4
    anew = torch.randint(10, (len(labels),), generator=draw)
    return Task(
        model=lambda: DigitsMLP(64, 0.1),
        train=(inputs, torch.where(wrong, anew, labels)),
        valid=valid,
        loss=nn.functional.cross_entropy,
        batch_size=48,
    )


def diabetes_mlp() -> Task:
    """A regression whose targets are mostly noise, in small batches."""
    train, valid = diabetes_split()
    return Task(
        model=lambda: DiabetesMLP(32), train=train, valid=valid, loss=nn.functional.mse_loss, batch_size=16
    )


def cancer_mlp() -> Task:
    """Breast cancer, two classes, 30 measurements."""
    data = load_breast_cancer()
    inputs = torch.tensor(data.data, dtype=torch.float32)
    labels = torch.tensor(data.target, dtype=torch.long)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    train, valid = order[:400], order[400:]
    inputs = (inputs - inputs[train].mean(0)) / inputs[train].std(0)
    return Task(
        model=lambda: nn.Sequential(nn.Linear(30, 32), nn.Tanh(), nn.Linear(32, 2)),
        train=(inputs[train], labels[train]),
        valid=(inputs[valid], labels[valid]),
        loss=nn.functional.cross_entropy,
        batch_size=16,
    )


def _pictures(split: Split) -> Split:
    (x, y), (vx, vy) = split
    return (x.view(-1, 1, 8, 8), y), (vx.view(-1, 1, 8, 8), vy)


def digits_cnn() -> Task:
    """Digits with a batch-normalised convolutional network."""
    train, valid = _pictures(digits_split())
    return Task(
        model=lambda: CNN(8), train=train, valid=valid, loss=nn.functional.cross_entropy, batch_size=48
    )


@cache
def _pretrained_cnn() -> dict[str, Tensor]:
    """The CNN after 300 steps on the digits turned upside down and inverted: related, not the same."""
    digits = load_digits()
    pictures = 1 - torch.tensor(digits.images / 16.0, dtype=torch.float32).flip(1).unsqueeze(1)
    labels = torch.tensor(digits.target, dtype=torch.long)
    torch.manual_seed(7)
    model = CNN(8)
    _fit(model, pictures, labels, nn.functional.cross_entropy, lr=3e-3, steps=300)
    return model.state_dict()


def finetune_cnn() -> Task:
    """Fine-tuning: the pretrained CNN with a fresh last layer, on 400 of the digits the right way up."""
    (x, y), valid = _pictures(digits_split())
    state = _pretrained_cnn()

    def model() -> nn.Module:
        made = CNN(8)
        fresh = {k: v for k, v in made.state_dict().items() if k.startswith("layers.9.")}
        made.load_state_dict({**state, **fresh})
        return made

    return Task(
        model=model, train=(x[:400], y[:400]), valid=valid, loss=nn.functional.cross_entropy, batch_size=16
    )


LENGTH, WIDTH = 24, 24


@cache
def _texts() -> tuple[Split, Split, int]:
    """Windows of Python's manual in two halves by topic (one to pretrain on), and the number of letters."""
    from pydoc_data.topics import topics

    names = sorted(topics)
    halves = ["\n".join(topics[name] for name in names[part::2]) for part in (0, 1)]
    letters = sorted(set("".join(halves)))
    code = {letter: number for number, letter in enumerate(letters)}
    first, second = (_windows(torch.tensor([code[letter] for letter in half])) for half in halves)
    return first, second, len(letters)


def _windows(encoded: Tensor, count: int = 1600) -> Split:
    inputs = encoded[: count * LENGTH].view(count, LENGTH)
    targets = encoded[1 : count * LENGTH + 1].view(count, LENGTH)
    cut = count * 4 // 5
    return (inputs[:cut], targets[:cut]), (inputs[cut:], targets[cut:])


def _transformer() -> CharTransformer:
    return CharTransformer(_texts()[2], LENGTH, WIDTH, 2, 1)


def char_transformer() -> Task:
    """A small transformer on half of Python's manual, letter by letter."""
    train, valid = _texts()[0]
    return Task(model=_transformer, train=train, valid=valid, loss=next_letter_loss, batch_size=32)


@cache
def _pretrained_transformer() -> dict[str, Tensor]:
    (x, y), _ = _texts()[1]
    torch.manual_seed(7)
    model = _transformer()
    _fit(model, x, y, next_letter_loss, lr=5e-3, steps=1500)
    return model.state_dict()


def finetune_transformer() -> Task:
    """Fine-tuning with nothing fresh: the loss starts low, so the sweep is flat until it diverges."""
    train, valid = _texts()[0]
    state = _pretrained_transformer()

    def model() -> nn.Module:
        made = _transformer()
        made.load_state_dict(state)
        return made

    return Task(model=model, train=train, valid=valid, loss=next_letter_loss, batch_size=32)


def _fit(model: nn.Module, x: Tensor, y: Tensor, loss: Any, *, lr: float, steps: int) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    draw = torch.Generator().manual_seed(3)
    for _ in range(steps):
        index = torch.randint(len(x), (32,), generator=draw)
        optimizer.zero_grad()
        loss(model(x[index]), y[index]).backward()
        optimizer.step()


ADAMW = {"name": "adamw"}
ADAM = {"name": "adam"}
SGD = {"name": "sgd", "momentum": 0.9}

PAIRS = (
    Pair("digits-mlp/adamw", "clean classification", digits_mlp, ADAMW, 48),
    Pair("digits-mlp/sgd", "clean classification", digits_mlp, SGD, 48),
    Pair("noisy-digits-mlp/adamw", "noisy classification", noisy_digits_mlp, ADAMW, 48),
    Pair("noisy-digits-mlp/sgd", "noisy classification", noisy_digits_mlp, SGD, 48),
    Pair("diabetes-mlp/adam", "noisy regression", diabetes_mlp, ADAM, 64),
    Pair("diabetes-mlp/sgd", "noisy regression", diabetes_mlp, SGD, 64),
    Pair("cancer-mlp/adamw", "clean classification", cancer_mlp, ADAMW, 48),
    Pair("digits-cnn/adamw", "CNN", digits_cnn, ADAMW, 48),
    Pair("digits-cnn/sgd", "CNN", digits_cnn, SGD, 48),
    Pair("char-transformer/adamw", "transformer", char_transformer, ADAMW, 32),
    Pair("finetune-cnn/adamw", "fine-tuning", finetune_cnn, ADAMW, 48),
    Pair("finetune-transformer/adamw", "fine-tuning", finetune_transformer, ADAMW, 32),
)
"""Every pair of the benchmark."""
