"""Dropout whose masks are a pure function of (seed, step, place): the same fused or plain, alone or not.

A mask is a hash of the element's number under a key: no generator, so lanes never share one, a resumed lane
goes on with the same masks, and lanes of one seed see the same masks (common random numbers). The hash is
lowbias32 (Wellons 2018, https://nullprogram.com/blog/2018/07/31/), in int32 arithmetic, which wraps.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor
from torch.nn import functional

_torch_dropout = functional.dropout
_torch_dropout1d = functional.dropout1d
_torch_dropout2d = functional.dropout2d
_torch_dropout3d = functional.dropout3d
_torch_alpha_dropout = functional.alpha_dropout
_torch_feature_alpha_dropout = functional.feature_alpha_dropout

_MULTIPLIERS = (0x7FEB352D, 0x846CA68B - 2**32)
_GOLDEN = 0x9E3779B9 - 2**32
_ALPHA_PRIME = -1.7580993408473766  # the lower limit of SELU, torch.nn.functional.alpha_dropout


class Drawing:
    """One forward pass of one lane (of each lane, under vmap), as far as it draws masks.

    Args:
        seed: The lane's 63-bit seed, int64 without axes.
        step: Steps the lane has done, int64 without axes or a number.
        part: Which part of the step draws (the micro-batch).
    """

    def __init__(self, seed: Tensor, step: Tensor | int, part: int = 0) -> None:
        self._seed = seed
        self._step = step
        self._part = part
        self._key: tuple[Tensor, Tensor] | None = None
        self._drawn = 0

    def next(self) -> tuple[tuple[Tensor, Tensor], int]:
        """The key, two int32 without axes, and the number of this mask, from 1."""
        if self._key is None:
            mixed = _mix64(_mix64(self._seed) + self._step * 1024 + self._part)
            self._key = (
                (mixed & 0x7FFFFFFF).to(torch.int32),
                ((mixed >> 32) & 0x7FFFFFFF).to(torch.int32),
            )
        self._drawn += 1
        return self._key, self._drawn


_current: ContextVar[Drawing | None] = ContextVar("_current", default=None)


@contextmanager
def drawing(place: Drawing) -> Iterator[None]:
    """Draw masks here in this context."""
    token = _current.set(place)
    try:
        yield
    finally:
        _current.reset(token)


def _mix64(x: Tensor) -> Tensor:
    """The finaliser of splitmix64 with arithmetic shifts masked to logical ones."""
    x = (x ^ ((x >> 30) & (2**34 - 1))) * -0x40A7B892E31B1A47
    x = (x ^ ((x >> 27) & (2**37 - 1))) * -0x6B2FB644ECCEEE15
    return x ^ ((x >> 31) & (2**33 - 1))


def _hash(numbers: Tensor, key: tuple[Tensor, Tensor]) -> Tensor:
    x = numbers ^ key[0]
    x = x ^ ((x >> 16) & 0xFFFF)
    x = x * _MULTIPLIERS[0] + key[1]
    x = x ^ ((x >> 15) & 0x1FFFF)
    x = x * _MULTIPLIERS[1]
    return x ^ ((x >> 16) & 0xFFFF)


def keep_mask(shape: torch.Size, p: float, like: Tensor, scale: float) -> Tensor:
    """A fresh mask: ``scale`` with probability 1 - p, else 0; float32, of this shape."""
    place = _current.get()
    assert place is not None
    key, number = place.next()
    numbers = torch.arange(shape.numel(), dtype=torch.int32, device=like.device).view(shape)
    bits = _hash(numbers * _GOLDEN + number, key) & 0x7FFFFFFF
    # bits < threshold keeps; its sign bit, spread over the word, selects the bits of the float ``scale``.
    threshold = round((1.0 - p) * 2**31)
    kept = ((bits - min(threshold, 2**31 - 1)) >> 31) & _float_bits(scale)
    return kept.view(torch.float32)


def _float_bits(value: float) -> int:
    return int(struct.unpack("<i", struct.pack("<f", value))[0])


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """torch.nn.functional.dropout by hashed masks."""
    if _current.get() is None or not training or not 0.0 < p < 1.0:
        return _torch_dropout(input, p, training, inplace)
    return _apply(input, input.shape, p, inplace)


def _channels(dims: int) -> object:
    """dropout1d, 2d and 3d: whole channels, the axes before the last ``dims``."""
    plain = {1: _torch_dropout1d, 2: _torch_dropout2d, 3: _torch_dropout3d}[dims]

    def channel_dropout(
        input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Tensor:
        if (
            _current.get() is None
            or not training
            or not 0.0 < p < 1.0
            or input.dim() not in (dims + 1, dims + 2)
        ):
            return plain(input, p, training, inplace)
        shape = torch.Size([*input.shape[: input.dim() - dims], *[1] * dims])
        return _apply(input, shape, p, inplace)

    return channel_dropout


def _apply(input: Tensor, shape: torch.Size, p: float, inplace: bool) -> Tensor:
    mask = keep_mask(shape, p, input, 1.0 / (1.0 - p)).to(input.dtype)
    return input.mul_(mask) if inplace else input * mask


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """torch.nn.functional.alpha_dropout by hashed masks."""
    if _current.get() is None or not training or not 0.0 < p < 1.0:
        return _torch_alpha_dropout(input, p, training, inplace)
    return _apply_alpha(input, input.shape, p)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """torch.nn.functional.feature_alpha_dropout by hashed masks."""
    if _current.get() is None or not training or not 0.0 < p < 1.0 or input.dim() < 3:
        return _torch_feature_alpha_dropout(input, p, training, inplace)
    shape = torch.Size([*input.shape[:2], *[1] * (input.dim() - 2)])
    return _apply_alpha(input, shape, p)


def _apply_alpha(input: Tensor, shape: torch.Size, p: float) -> Tensor:
    """Dropped units go to SELU's lower limit; then all are scaled to mean 0, variance 1 (torch's formula)."""
    keep = keep_mask(shape, p, input, 1.0).to(input.dtype)
    scale: float = (1.0 - p + p * (1.0 - p) * _ALPHA_PRIME**2) ** -0.5
    shift = -scale * p * _ALPHA_PRIME
    return (input * keep + _ALPHA_PRIME * (1.0 - keep)) * scale + shift


SUBSTITUTES: dict[str, object] = {
    "dropout": dropout,
    "dropout1d": _channels(1),
    "dropout2d": _channels(2),
    "dropout3d": _channels(3),
    "alpha_dropout": alpha_dropout,
    "feature_alpha_dropout": feature_alpha_dropout,
}
"""Functions of torch.nn.functional and what takes their place."""
