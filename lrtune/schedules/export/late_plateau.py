"""Plateau behind a warmup, where a framework itself steps the scheduler after every epoch."""

from __future__ import annotations


def late_plateau(first_epoch: int) -> str:
    """A ReduceLROnPlateau that does not look at the epochs before ``first_epoch`` (0-based)."""
    return (
        "class LatePlateau(torch.optim.lr_scheduler.ReduceLROnPlateau):\n"
        f'    """ReduceLROnPlateau that does not look at the first {first_epoch} epochs: all warmup."""\n\n'
        "    epochs_seen = 0\n\n"
        "    def step(self, metrics, epoch=None):\n"
        "        self.epochs_seen += 1\n"
        f"        if self.epochs_seen > {first_epoch}:\n"
        "            super().step(metrics)\n"
    )


def late(schedule: str) -> str:
    """The lines that make ``scheduler``, with a ``LatePlateau`` instead."""
    return schedule.replace("torch.optim.lr_scheduler.ReduceLROnPlateau", "LatePlateau")
