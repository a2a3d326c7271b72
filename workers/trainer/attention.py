"""Scaled dot-product attention for fused lanes: the lanes are folded into the batch, so that
its fast kernels serve all.

Under vmap alone, torch has no rule for the CPU's attention kernel and would loop over the lanes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from workers.trainer.dropout import dropout

_torch_attention: Callable[..., Tensor] = functional.scaled_dot_product_attention


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """torch.nn.functional.scaled_dot_product_attention, with the lanes folded into the batch."""
    leading = {tensor.shape[:-3] for tensor in (query, key, value)}
    if dropout_p > 0.0 or len(leading) > 1 or len({t.dim() for t in (query, key, value)}) > 1:
        return _in_the_open(query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa)
    result: Tensor = _apply(query, key, value, attn_mask, is_causal, scale, enable_gqa)
    return result


class _Attention(torch.autograd.Function):
    """Carries the vmap rule; gradients flow through the operations inside the rule, not through this class.

    ``forward`` and ``backward`` serve calls whose tensors no lane axis reaches.
    """

    @staticmethod
    def forward(
        query: Tensor,
        key: Tensor,
        value: Tensor,
        mask: Tensor | None,
        causal: bool,
        scale: float | None,
        gqa: bool,
    ) -> Tensor:
        return _torch_attention(query, key, value, mask, 0.0, causal, scale=scale, enable_gqa=gqa)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.inputs = inputs

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, ...]:
        query, key, value, mask, *rest = ctx.inputs
        with torch.enable_grad():
            leaves = [tensor.detach().requires_grad_() for tensor in (query, key, value)]
            if mask is not None and mask.is_floating_point():
                leaves.append(mask.detach().requires_grad_())
                mask = leaves[3]
            causal, scale, gqa = rest
            output = _torch_attention(*leaves[:3], mask, 0.0, causal, scale=scale, enable_gqa=gqa)
            found = torch.autograd.grad(output, leaves, grads[0])
        return (*found, *[None] * (7 - len(found)))

    @staticmethod
    def vmap(
        info: Any,
        in_dims: Sequence[int | None],
        query: Tensor,
        key: Tensor,
        value: Tensor,
        mask: Tensor | None,
        causal: bool,
        scale: float | None,
        gqa: bool,
    ) -> tuple[Tensor, int]:
        lanes = info.batch_size
        tensors = (query, key, value)
        query, key, value = (_lanes_first(t, dim, lanes) for t, dim in zip(tensors, in_dims, strict=False))
        shape = (*query.shape[:-1], value.shape[-1])
        if mask is not None:
            mask = _fold_mask(mask, in_dims[3], query.shape)
        folded = (_fold(tensor) for tensor in (query, key, value))
        output = _torch_attention(*folded, mask, 0.0, causal, scale=scale, enable_gqa=gqa)
        return output.reshape(shape), 0


_apply: Any = _Attention.apply


def _lanes_first(tensor: Tensor, dim: int | None, lanes: int) -> Tensor:
    return tensor.expand(lanes, *tensor.shape) if dim is None else tensor.movedim(dim, 0)


def _fold(tensor: Tensor) -> Tensor:
    """All axes before the last three as one."""
    return tensor.flatten(0, tensor.dim() - 4) if tensor.dim() > 4 else tensor


def _fold_mask(mask: Tensor, dim: int | None, query: torch.Size) -> Tensor:
    """A mask of a lane, broadcastable to (…, length, length), as one that fits the folded query."""
    lane = mask.unsqueeze(0) if dim is None else mask.movedim(dim, 0)
    missing = len(query) - lane.dim()
    lane = lane.reshape(lane.shape[0], *[1] * missing, *lane.shape[1:])
    if lane.dim() > 4 and any(size != 1 for size in lane.shape[: lane.dim() - 3]):
        lane = lane.expand(*query[: lane.dim() - 3], *lane.shape[-3:])
    return _fold(lane)


def _in_the_open(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    dropout_p: float,
    causal: bool,
    scale: float | None,
    gqa: bool,
) -> Tensor:
    """The formula in torch's documentation of the function; dropout draws the lanes' masks."""
    if gqa:
        key = key.repeat_interleave(query.size(-3) // key.size(-3), -3)
        value = value.repeat_interleave(query.size(-3) // value.size(-3), -3)
    scores = query @ key.transpose(-2, -1) * (1 / math.sqrt(query.size(-1)) if scale is None else scale)
    if causal:
        ahead = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(ahead, float("-inf"))
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf")) if mask.dtype == torch.bool else scores + mask
    return dropout(scores.softmax(-1), dropout_p, training=dropout_p > 0.0) @ value


SUBSTITUTES: dict[str, object] = {"scaled_dot_product_attention": attention}
"""Functions of torch.nn.functional and what takes their place."""
