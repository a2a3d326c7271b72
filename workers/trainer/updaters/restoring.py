"""The state of a real torch optimizer, put back as it was."""

from __future__ import annotations

from typing import Any

import torch


def restore(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Take over what ``state_dict`` of an optimizer over the same parameters gave, to the bit.

    ``load_state_dict`` alone rounds state tensors to their parameter's dtype, which not all of them have
    (ASGD keeps its averaging rate in float32).
    """
    optimizer.load_state_dict(state)
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for index, held in state["state"].items():
        optimizer.state[parameters[index]] = dict(held)
