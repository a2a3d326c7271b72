"""The rule of plateau as source, for frameworks that have none or another."""

from __future__ import annotations

from textwrap import indent

from lrtune.schedules.families.plateau import Plateau


def constants(shape: Plateau) -> str:
    """Lines that name the rule's numbers."""
    numbers = {
        "initial_lr": shape.initial_lr,
        "min_lr": shape.min_lr,
        "factor": shape.factor,
        "patience": shape.patience,
        "min_delta": shape.min_delta,
        "cooldown": shape.cooldown,
    }
    return "".join(f"{name} = {value!r}\n" for name, value in numbers.items())


STATE = "self.rate, self.best = initial_lr, math.inf\nself.bad_epochs, self.cooldown = 0, 0\n"
"""What the rule remembers; it needs ``math``."""


def rule(shape: Plateau, *, dropped: str = "") -> str:
    """The rule for one ``loss``, on state and constants; ``dropped`` follows a drop of ``self.rate``."""
    mark = "self.best * (1 - min_delta)" if shape.threshold_mode == "rel" else "self.best - min_delta"
    return (
        f"if loss < {mark}:\n"
        "    self.best, self.bad_epochs = loss, 0\n"
        "else:\n"
        "    self.bad_epochs += 1\n"
        "if self.cooldown > 0:\n"
        "    self.cooldown -= 1\n"
        "    self.bad_epochs = 0\n"
        "if self.bad_epochs > patience:\n"
        "    self.rate = max(self.rate * factor, min_lr)\n"
        f"{indent(dropped, '    ')}"
        "    self.bad_epochs, self.cooldown = 0, cooldown\n"
    )
