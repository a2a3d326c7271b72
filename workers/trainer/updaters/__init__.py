"""Updaters: one optimizer step for all lanes, each at its own LR."""

from workers.trainer.updaters.base import Updater
from workers.trainer.updaters.choice import build_updater

__all__ = ["Updater", "build_updater"]
