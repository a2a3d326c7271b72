"""The scheduler of torch.optim.lr_scheduler for each family; LambdaLR where torch has none.

``optimizer`` begins at the shape's ``initial_lr``, and step 0 is the first after the warmup.
"""

from __future__ import annotations

from functools import singledispatch

from lrtune.schedules.export.factors import factor
from lrtune.schedules.export.piece import Piece, call, shown
from lrtune.schedules.families.constant import Constant
from lrtune.schedules.families.cosine import Cosine
from lrtune.schedules.families.cyclic import Cyclic
from lrtune.schedules.families.exponential import Exponential
from lrtune.schedules.families.linear import Linear
from lrtune.schedules.families.multistep import Multistep
from lrtune.schedules.families.one_cycle import OneCycle
from lrtune.schedules.families.plateau import Plateau
from lrtune.schedules.families.polynomial import Polynomial
from lrtune.schedules.families.step import Step
from lrtune.schedules.families.warm_restarts import WarmRestarts
from lrtune.schedules.family import Shape


def _torch(name: str, *args: str, **kwargs: object) -> Piece:
    return Piece(call(f"torch.optim.lr_scheduler.{name}", "optimizer", *args, **kwargs))


def _lambda(shape: Shape) -> Piece:
    return Piece(call("torch.optim.lr_scheduler.LambdaLR", "optimizer", "factor"), factor(shape))


@singledispatch
def scheduler(shape: Shape) -> Piece:
    """The scheduler, by the type of the shape."""
    return _lambda(shape)


@scheduler.register
def _(shape: Constant) -> Piece:
    return _torch("ConstantLR", factor=1.0, total_iters=0)


@scheduler.register
def _(shape: Linear) -> Piece:
    return _torch("LinearLR", start_factor=1.0, end_factor=shape.end_ratio, total_iters=shape.steps)


@scheduler.register
def _(shape: Step) -> Piece:
    return _torch("StepLR", step_size=shape.step_size, gamma=shape.gamma)


@scheduler.register
def _(shape: Multistep) -> Piece:
    return _torch("MultiStepLR", milestones=list(shape.milestones), gamma=shape.gamma)


@scheduler.register
def _(shape: Exponential) -> Piece:
    return _torch("ExponentialLR", f"gamma={shape.final_ratio!r} ** (1 / {shape.steps})")


@scheduler.register
def _(shape: Polynomial) -> Piece:
    if shape.end_ratio:  # PolynomialLR ends at 0
        return _lambda(shape)
    return _torch("PolynomialLR", total_iters=shape.decay_steps, power=shape.power)


@scheduler.register
def _(shape: Cosine) -> Piece:
    return _torch("CosineAnnealingLR", T_max=shape.steps, eta_min=shape.min_lr)


@scheduler.register
def _(shape: WarmRestarts) -> Piece:
    return _torch("CosineAnnealingWarmRestarts", T_0=shape.t_0, T_mult=shape.t_mult, eta_min=shape.min_lr)


@scheduler.register
def _(shape: Cyclic) -> Piece:
    gamma = (f"gamma={shape.final_ratio!r} ** (1 / {shape.steps})",) if shape.mode == "exp_range" else ()
    return Piece(
        call(
            "torch.optim.lr_scheduler.CyclicLR",
            "optimizer",
            f"base_lr={shape.base_lr!r}",
            f"max_lr={shape.max_lr!r}",
            f"step_size_up={shape.step_size!r}",
            f"mode={shown(shape.mode)}",
            *gamma,
            "cycle_momentum=False",
        )
    )


@scheduler.register
def _(shape: OneCycle) -> Piece:
    return _torch(
        "OneCycleLR",
        f"max_lr={shape.max_lr!r}",
        f"total_steps={shape.steps!r}",
        f"pct_start={shape.up_steps} / {shape.steps}",
        div_factor=shape.div_factor,
        final_div_factor=shape.final_div_factor,
        cycle_momentum=False,
    )


@scheduler.register
def _(shape: Plateau) -> Piece:
    return _torch(
        "ReduceLROnPlateau",
        mode="min",
        factor=shape.factor,
        patience=shape.patience,
        threshold=shape.min_delta,
        threshold_mode=shape.threshold_mode,
        cooldown=shape.cooldown,
        min_lr=shape.min_lr,
        eps=0.0,
    )
