"""Tasks in double precision, one for each kind of layer that we claim to fuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from lrtune.optimizers import OPTIMIZERS
from lrtune.task import Task
from lrtune.wire import OptimizerSpec
from workers.trainer.contract import build_workload
from workers.trainer.workload import Workload

EXAMPLES, BATCH = 48, 8


class Vector(nn.Sequential):
    """Two linear layers around another."""

    def __init__(self, *middle: nn.Module) -> None:
        super().__init__(nn.Linear(6, 8), *middle, nn.Tanh(), nn.Linear(8, 3))


class Conv(nn.Module):
    """A convolution, its norm and a pooling over ``dims`` axes of 4."""

    def __init__(self, dims: int, norm: nn.Module | None = None) -> None:
        super().__init__()
        convolution = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[dims]
        pool = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.AvgPool3d}[dims]
        self.shape = (2, *[4] * dims)
        # A bias before a norm has no gradient but rounding errors, which Adafactor scales to full steps.
        self.body = nn.Sequential(
            convolution(2, 4, 3, padding=1, bias=norm is None),
            norm or nn.Identity(),
            nn.Tanh(),
            pool(2),
            nn.Flatten(),
        )
        self.head = nn.Linear(4 * 2**dims, 3)

    def forward(self, x: Tensor) -> Tensor:
        size = torch.Size(self.shape).numel()
        result: Tensor = self.head(self.body(x.repeat(1, -(-size // 6))[:, :size].view(-1, *self.shape)))
        return result


class Sequence(nn.Module):
    """A layer over the six numbers as a sequence of width 8."""

    def __init__(self, layer: nn.Module, pick: Callable[[Any], Tensor], width: int = 8) -> None:
        super().__init__()
        self.lift = nn.Linear(1, 8)
        self.layer = layer
        self.pick = pick
        self.head = nn.Linear(width, 3)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.head(self.pick(self.layer(self.lift(x.unsqueeze(-1)))).mean(1))
        return result


class SelfAttention(nn.Module):
    """nn.MultiheadAttention on one sequence, under a causal mask."""

    def __init__(self) -> None:
        super().__init__()
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(6, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.attend(x, x, x, attn_mask=self.mask, need_weights=False)[0]
        return result


class Scaled(nn.Module):
    """torch's scaled_dot_product_attention, causal, two heads."""

    def forward(self, x: Tensor) -> Tensor:
        heads = x.unflatten(-1, (2, 4)).transpose(1, 2)
        mixed = nn.functional.scaled_dot_product_attention(heads, heads * 2, heads, is_causal=True)
        return mixed.transpose(1, 2).flatten(2)


class Embedded(nn.Module):
    """Numbers to letters, embedded; the output layer is tied to the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(12, 8)
        self.out = nn.Linear(8, 12, bias=False)
        self.out.weight = self.embed.weight
        self.head = nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        letters = ((x + 3) * 2).long().clamp(0, 11)
        result: Tensor = self.head(self.out(torch.tanh(self.embed(letters))).mean(1))
        return result


class Frozen(Vector):
    """The first layer and a scale are not trained."""

    def __init__(self) -> None:
        super().__init__()
        self[0].requires_grad_(False)
        self.scale = nn.Parameter(torch.full((3,), 2.0), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * self.scale


def _first(outputs: Any) -> Tensor:
    result: Tensor = outputs[0]
    return result


def _whole(outputs: Tensor) -> Tensor:
    return outputs


def _encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    return Sequence(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), _whole)


KINDS: dict[str, Callable[[], nn.Module]] = {
    "linear": Vector,
    "conv1d": lambda: Conv(1),
    "conv2d": lambda: Conv(2),
    "conv3d": lambda: Conv(3),
    "batchnorm1d": lambda: Vector(nn.BatchNorm1d(8)),
    "batchnorm2d": lambda: Conv(2, nn.BatchNorm2d(4)),
    "batchnorm without statistics": lambda: Conv(2, nn.BatchNorm2d(4, track_running_stats=False)),
    "layernorm": lambda: Vector(nn.LayerNorm(8)),
    "groupnorm": lambda: Conv(2, nn.GroupNorm(2, 4)),
    "instancenorm": lambda: Conv(2, nn.InstanceNorm2d(4, affine=True)),
    "embedding, tied": Embedded,
    "frozen": Frozen,
    "attention": lambda: Sequence(Scaled(), _whole),
    "multihead attention": lambda: Sequence(SelfAttention(), _whole),
    "transformer encoder": _encoder,
    "rnn": lambda: Sequence(nn.RNN(8, 8, batch_first=True), _first),
    "gru": lambda: Sequence(nn.GRU(8, 8, 2, batch_first=True), _first),
    "lstm": lambda: Sequence(nn.LSTM(8, 8, batch_first=True), _first),
    "bidirectional lstm": lambda: Sequence(nn.LSTM(8, 4, batch_first=True, bidirectional=True), _first),
    "dropout": lambda: Vector(nn.Dropout(0.3)),
    "dropout2d": lambda: Conv(2, nn.Dropout2d(0.5)),
    "alpha dropout": lambda: Vector(nn.AlphaDropout(0.2)),
    "gelu, prelu": lambda: Vector(nn.GELU(), nn.PReLU()),
}


def _double(build: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    return lambda: build().double()


def workload(
    kind: str | Callable[[], nn.Module] = "linear",
    optimizer: str = "adamw",
    *,
    dtype: torch.dtype = torch.float64,
    options: dict[str, Any] | None = None,
    budget: int | None = None,
    **fields: Any,
) -> Workload:
    """A small task of this kind of layer: classify 48 vectors of six numbers."""
    generator = torch.Generator().manual_seed(11)
    # Drawn in double precision and rounded: in single precision torch draws other numbers.
    inputs = torch.randn(EXAMPLES, 6, generator=generator, dtype=torch.float64).to(dtype)
    targets = torch.randint(0, 3, (EXAMPLES,), generator=generator)
    build = KINDS[kind] if isinstance(kind, str) else kind
    described: dict[str, Any] = {
        "model": _double(build) if dtype is torch.float64 else build,
        "train": (inputs, targets),
        "valid": (inputs[:20], targets[:20]),
        "loss": nn.functional.cross_entropy,
        "batch_size": BATCH,
    }
    return build_workload(
        Task(**described | fields),
        optimizer=OptimizerSpec.model_validate({"name": optimizer, **(options or {})}),
        batch_size=None,
        device=torch.device("cpu"),
        budget=budget,
    )


VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in OPTIMIZERS if name not in ("lbfgs", "muon")),
    ("sgd", {"momentum": 0.9, "weight_decay": 0.01}),
    ("sgd", {"momentum": 0.9, "nesterov": True}),
    ("sgd", {"momentum": 0.9, "dampening": 0.1}),
    ("adam", {"amsgrad": True, "weight_decay": 0.1}),
    ("adam", {"decoupled_weight_decay": True, "weight_decay": 0.1}),
    ("adamw", {"betas": [0.8, 0.95], "eps": 1e-6}),
    ("rmsprop", {"momentum": 0.9, "centered": True}),
    ("nadam", {"decoupled_weight_decay": True, "weight_decay": 0.1}),
    ("asgd", {"t0": 5, "lambd": 0.01}),
]
"""Every optimizer that a model of linear layers takes, fused, and options that change its formula."""
