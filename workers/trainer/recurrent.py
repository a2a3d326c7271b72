"""Recurrent layers for fused lanes, of operations that vmap takes: torch's own kernels have no rule.

The formulas are those of torch.nn.RNN, GRU and LSTM; weights come in the order of ``_flat_weights``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from workers.trainer import dropout as lane_dropout

States = tuple[Tensor, ...]
Cell = Callable[[Tensor, States, Tensor, Tensor | None], States]
"""(input gates, state, hidden weights, hidden bias) -> new state; its first entry is the output."""


def _rnn_cell(activation: Callable[[Tensor], Tensor]) -> Cell:
    def cell(gates: Tensor, state: States, weight: Tensor, bias: Tensor | None) -> States:
        return (activation(gates + linear(state[0], weight, bias)),)

    return cell


def _gru_cell(gates: Tensor, state: States, weight: Tensor, bias: Tensor | None) -> States:
    (hidden,) = state
    reset, update, new = gates.chunk(3, -1)
    hidden_reset, hidden_update, hidden_new = linear(hidden, weight, bias).chunk(3, -1)
    reset = (reset + hidden_reset).sigmoid()
    update = (update + hidden_update).sigmoid()
    new = (new + reset * hidden_new).tanh()
    return (new + update * (hidden - new),)


def _lstm_cell(gates: Tensor, state: States, weight: Tensor, bias: Tensor | None) -> States:
    hidden, memory = state
    entry, forget, candidate, exit_ = (gates + linear(hidden, weight, bias)).chunk(4, -1)
    memory = forget.sigmoid() * memory + entry.sigmoid() * candidate.tanh()
    return (exit_.sigmoid() * memory.tanh(), memory)


_CELLS: dict[str, Cell] = {
    "rnn_tanh": _rnn_cell(torch.tanh),
    "rnn_relu": _rnn_cell(torch.relu),
    "gru": _gru_cell,
    "lstm": _lstm_cell,
}


def _direction(
    cell: Cell, sequence: Tensor, state: States, weights: Sequence[Tensor], biased: bool, backward: bool
) -> tuple[Tensor, States]:
    """One direction of one layer over a sequence of shape (length, batch, features)."""
    input_weight, hidden_weight = weights[:2]
    input_bias, hidden_bias = (weights[2], weights[3]) if biased else (None, None)
    projection = weights[-1] if len(weights) in (3, 5) else None
    gates = linear(sequence, input_weight, input_bias).unbind(0)
    outputs = []
    for at in reversed(gates) if backward else gates:
        state = cell(at, state, hidden_weight, hidden_bias)
        if projection is not None:
            state = (linear(state[0], projection), *state[1:])
        outputs.append(state[0])
    return torch.stack(outputs[::-1] if backward else outputs), state


def _layers(kind: str) -> Callable[..., Any]:
    """What takes the place of torch._VF's function of this name."""
    cell = _CELLS[kind]

    def recur(
        sequence: Tensor,
        start: Tensor | Sequence[Tensor],
        weights: Sequence[Tensor],
        biased: bool,
        layers: int,
        dropout: float,
        training: bool,
        bidirectional: bool,
        batch_first: bool = False,
    ) -> tuple[Tensor, ...]:
        if isinstance(weights, bool) or not isinstance(layers, int) or isinstance(layers, bool):
            raise NotImplementedError(f"packed sequences in {kind}")
        if batch_first:
            sequence = sequence.transpose(0, 1)
        states = (start,) if isinstance(start, Tensor) else tuple(start)
        directions = 2 if bidirectional else 1
        each = len(weights) // (layers * directions)
        ends: list[States] = []
        for layer in range(layers):
            found = []
            for direction in range(directions):
                at = layer * directions + direction
                own = weights[at * each : (at + 1) * each]
                initial = tuple(state[at] for state in states)
                output, end = _direction(cell, sequence, initial, own, biased, direction == 1)
                found.append(output)
                ends.append(end)
            sequence = torch.cat(found, dim=-1) if bidirectional else found[0]
            if layer + 1 < layers:
                sequence = lane_dropout.dropout(sequence, dropout, training)
        output = sequence.transpose(0, 1) if batch_first else sequence
        return (output, *(torch.stack(part) for part in zip(*ends, strict=True)))

    return recur


def _cell_call(kind: str) -> Callable[..., Any]:
    """What takes the place of torch._VF's one-step function of this name."""
    cell = _CELLS[kind]

    def call(
        inputs: Tensor,
        state: Tensor | Sequence[Tensor],
        input_weight: Tensor,
        hidden_weight: Tensor,
        input_bias: Tensor | None = None,
        hidden_bias: Tensor | None = None,
    ) -> Tensor | States:
        states = (state,) if isinstance(state, Tensor) else tuple(state)
        end = cell(linear(inputs, input_weight, input_bias), states, hidden_weight, hidden_bias)
        return end if kind == "lstm" else end[0]

    return call


SUBSTITUTES: dict[str, object] = {
    **{kind: _layers(kind) for kind in _CELLS},
    **{f"{kind}_cell": _cell_call(kind) for kind in _CELLS},
}
"""Functions of torch._VF and what takes their place."""
