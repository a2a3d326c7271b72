"""Which updater serves an optimizer."""

from __future__ import annotations

from torch import Tensor

from workers.trainer.layout import Layout
from workers.trainer.updaters.base import Updater
from workers.trainer.updaters.cohorts import Cohorts
from workers.trainer.updaters.single import Singles
from workers.trainer.updaters.stacked import StackedAdam, StackedSGD
from workers.trainer.workload import Workload


def build_updater(workload: Workload, layout: Layout, like: Tensor) -> Updater:
    """The updater for a workload's optimizer: stacked formulas, cohorts, or one optimizer a lane.

    Args:
        like: A tensor of the rows' device and dtype.
    """
    name, options = workload.optimizer, workload.options
    if name == "sgd" and not options["dampening"]:
        return StackedSGD(options, layout.multipliers(like))
    if name in ("adam", "adamw"):
        decoupled = name == "adamw" or options["decoupled_weight_decay"]
        return StackedAdam(options, layout.multipliers(like), decoupled=decoupled)
    if workload.row.step == "linear":
        return Cohorts(workload, layout)
    return Singles(workload, layout)
