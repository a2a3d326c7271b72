"""How a lane's parameters lie in one row.

All parameters of K lanes are one tensor of shape (K, P): a lane is a row, a parameter a range of columns.
So an optimizer step is a few operations on one tensor, clipping a norm of rows, and compaction one gather.
Parameters of equal LR multiplier are neighbours: a multiplier is a range of columns, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Block:
    """Columns ``start`` to ``stop`` that share an LR multiplier."""

    start: int
    stop: int
    multiplier: float


@dataclass(frozen=True)
class Layout:
    """The trained parameters in row order."""

    names: tuple[str, ...]
    shapes: tuple[torch.Size, ...]
    sizes: tuple[int, ...]
    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, model: nn.Module, idle: frozenset[str], multiplier: Callable[[str], float]) -> Layout:
        """The layout of a model's trainable parameters but the ``idle`` ones, which never get a gradient."""
        trained = [
            (name, parameter, multiplier(name))
            for name, parameter in model.named_parameters()
            if parameter.requires_grad and name not in idle
        ]
        factors = list(dict.fromkeys(factor for _, _, factor in trained))
        trained.sort(key=lambda entry: factors.index(entry[2]))
        blocks, start = [], 0
        for factor in factors:
            size = sum(p.numel() for _, p, other in trained if other == factor)
            blocks.append(Block(start, start + size, factor))
            start += size
        return cls(
            names=tuple(name for name, _, _ in trained),
            shapes=tuple(p.shape for _, p, _ in trained),
            sizes=tuple(p.numel() for _, p, _ in trained),
            blocks=tuple(blocks),
        )

    @property
    def width(self) -> int:
        """Columns of a row: the number of trained weights."""
        return sum(self.sizes)

    def pack(self, model: nn.Module) -> Tensor:
        """A model's trained parameters as a row, shape (width,)."""
        return self.row({name: parameter.detach() for name, parameter in model.named_parameters()})

    def row(self, tensors: Mapping[str, Tensor | None]) -> Tensor:
        """One tensor a parameter as a row, shape (width,); a missing one is zero."""
        found = [tensors[name] for name in self.names]
        like = next(tensor for tensor in found if tensor is not None)
        return torch.cat(
            [
                like.new_zeros(size) if tensor is None else tensor.reshape(-1)
                for tensor, size in zip(found, self.sizes, strict=True)
            ]
        )

    def held(self, model: nn.Module) -> dict[str, Tensor]:
        """What a model holds beside: its buffers, and its frozen and idle parameters."""
        others = {n: p.detach() for n, p in model.named_parameters() if n not in self.names}
        return {**dict(model.named_buffers()), **others}

    def unpack(self, row: Tensor) -> dict[str, Tensor]:
        """A row's parameters by name: views of the row."""
        parts = torch.split(row, list(self.sizes))
        return {
            name: part.view(shape) for name, part, shape in zip(self.names, parts, self.shapes, strict=True)
        }

    def columns(self, rows: Tensor) -> tuple[Tensor, ...]:
        """The columns of each parameter in row order: views of shape (lanes, size)."""
        return torch.split(rows, list(self.sizes), dim=1)

    def views(self, row: Tensor) -> list[Tensor]:
        """A row's parameters in row order: views of the row."""
        return list(self.unpack(row).values())

    def multipliers(self, like: Tensor) -> Tensor | None:
        """The LR multiplier of each column, shape (width,); None if all are one."""
        if all(block.multiplier == 1.0 for block in self.blocks):
            return None
        columns = torch.empty(self.width, dtype=like.dtype, device=like.device)
        for block in self.blocks:
            columns[block.start : block.stop] = block.multiplier
        return columns
