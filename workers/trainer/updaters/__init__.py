"""Updaters: one optimizer step for all lanes, each at its own LR."""

from workers.trainer.updaters.base import Updater
from workers.trainer.updaters.choice import build_updater
from workers.trainer.updaters.stacked import Stacked

__all__ = ["Stacked", "Updater", "build_updater"]
