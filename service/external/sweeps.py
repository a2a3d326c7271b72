"""Sweeps of a range test that clients run: one seed each, a loss for every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lrtune.wire import Curve, ExternalReport, StopReason, TrialEnd, TrialState, Verdict
from lrtune.wire.external import TRAIN_LOSS
from service.external.holding import wrong
from service.problems import field_problem
from store import Tx, curves, external
from store.units import Lease


def points(lease: Lease) -> Mapping[int, float | None]:
    """The losses of a sweep's steps that this attempt has reported."""
    kept = lease.payload.get("points", {})
    if kept.get("attempt") != lease.attempt:
        return {}
    return {int(step): loss for step, loss in kept["loss"].items()}


def report(tx: Tx, lease: Lease, reports: Sequence[ExternalReport]) -> Verdict:
    """Take in the losses of steps; see ``service.external.report``."""
    steps = len(lease.payload["lrs"]) + 1
    found = dict(points(lease))
    errors = []
    for number, each in enumerate(reports):
        field = f"/reports/{number}"
        if each.step is None or each.epoch is not None:
            errors.append(wrong(f"{field}/step", "A sweep reports every step.", "Give step, no epoch."))
        elif each.step >= steps:
            errors.append(wrong(f"{field}/step", f"The sweep has {steps} steps.", "Stop after them."))
        elif TRAIN_LOSS not in each.values:
            remedy = "Give the step's training loss, null where it was NaN or infinite."
            errors.append(wrong(f"{field}/values", f"It lacks {TRAIN_LOSS}.", remedy))
        else:
            found.setdefault(each.step, each.values[TRAIN_LOSS])
    if errors:
        raise field_problem(errors)
    if reports:
        kept = {"attempt": lease.attempt, "loss": {str(step): found[step] for step in sorted(found)}}
        external.keep(tx, lease, lease.payload | {"points": kept})
    done = next(step for step in range(steps + 1) if step not in found)
    diverged = any(found[step] is None for step in range(done))
    reason = StopReason.DIVERGED if diverged else StopReason.SWEPT if done == steps else None
    return Verdict(stop=reason is not None, reason=reason, reported=done)


def finish(tx: Tx, lease: Lease, name: str, wanted: str | None) -> TrialEnd:
    """Store the curve: the loss at an LR is that of the step after it. Null from the first null on."""
    lrs = lease.payload["lrs"]
    found = points(lease)
    loss: list[float | None] = []
    for step in range(1, len(lrs) + 1):
        if found.get(step - 1, 0.0) is None or found.get(step, 0.0) is None:
            break
        if step not in found:
            if wanted == "diverged":
                break
            detail = f"Step {step} of the sweep's {len(lrs) + 1} is not reported."
            raise field_problem([wrong("/state", detail, "Report every step; or say diverged or released.")])
        loss.append(found[step])
    loss += [None] * (len(lrs) - len(loss))
    curve = Curve(seed=lease.payload["seed"], lr=lrs, loss=loss)
    curves.add(tx, lease.job, sweep=lease.payload["sweep"], curves=[curve])
    return TrialEnd(name=name, state=TrialState.COMPLETE)


def is_there(tx: Tx, lease: Lease) -> bool:
    """Whether the sweep's curve has been stored."""
    stored = curves.for_job(tx, lease.job, sweep=lease.payload["sweep"])
    return any(curve.seed == lease.payload["seed"] for curve in stored)
