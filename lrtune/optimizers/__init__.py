"""Optimizers as data: torch.optim's classes by lower-case name, with their options, types and bounds.

Nothing here imports torch, so the server can check a request without it; a test holds the table against
the signatures of the real classes.
"""

from lrtune.optimizers.check import OptimizerError, check, problems
from lrtune.optimizers.table import OPTIMIZERS, Optimizer, Option

__all__ = ["OPTIMIZERS", "Optimizer", "OptimizerError", "Option", "check", "problems"]
