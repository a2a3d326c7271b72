"""The search: space, samplers, generations and pruning as pure functions of a job's rows.

This package imports without Optuna; ``lrtune.search.study.propose`` and ``lrtune.search.importance`` need it.
"""

from lrtune.search.generations import generation_sizes
from lrtune.search.pruner import NEVER, Pruner, pruner
from lrtune.search.samplers import SAMPLERS, Sampler, SamplerError, check
from lrtune.search.space import FamilyError, LrPrior, Point, Space, space

__all__ = [
    "NEVER",
    "SAMPLERS",
    "FamilyError",
    "LrPrior",
    "Point",
    "Pruner",
    "Sampler",
    "SamplerError",
    "Space",
    "check",
    "generation_sizes",
    "pruner",
    "space",
]
