"""The answer in plain words, and what to be careful about."""

from __future__ import annotations

from collections.abc import Sequence

from lrtune.answer.contenders import Entry, paired
from lrtune.answer.estimate import Mean
from lrtune.answer.valley import Valley
from lrtune.wire import JobRequest, Outcome, Phase, RangeTest, Trial

FEW_SEEDS = 4


def verdict(
    request: JobRequest,
    chosen: Entry,
    default: Entry | None,
    gain: Mean | None,
    beats: bool,
    decay: Mean | None = None,
) -> str:
    """What to set, and what that beats by how much: is tuning worth it here?

    Args:
        request: What was asked.
        chosen: The answer.
        default: The optimizer's default LR, constant.
        gain: By how much the answer is ahead of it.
        beats: Whether that is more than the noise between seeds.
        decay: By how much the answer is ahead of the suggested LR held constant.
    """
    use = f"Start at an LR of {chosen.setting.initial_lr:.3g} with the {_title(chosen)} schedule."
    name = request.metric.name
    if default is None:
        return use
    if chosen is default:
        return (
            f"Keep {request.optimizer.name}'s default LR of {default.setting.initial_lr:g}, constant: "
            "nothing that was tried beats it by more than the noise between seeds."
        )
    if default.diverged:
        return f"{use} The default LR diverged on {default.diverged} of {len(default.values)} seeds."
    if gain is None:
        return use
    change = _amount(gain)
    if beats:
        held = f", and the suggested LR held constant by {_amount(decay)}" if decay is not None else ""
        return f"{use} It beats the default LR by {change} in {name}{held}."
    return f"{use} It is not shown to beat the default LR: the difference in {name} is {change}."


def _amount(gain: Mean) -> str:
    return f"{gain.mean:.3g} ({gain.low:.3g} to {gain.high:.3g})"


def _title(entry: Entry) -> str:
    return entry.setting.schedule.replace("_", " ")


def warnings(
    range_test: RangeTest | None,
    trials: Sequence[Trial],
    chosen: Entry,
    found: Sequence[Entry],
    around: Valley,
    sign: float,
) -> list[str]:
    """What limits the answer, most serious first."""
    said = []
    lrs = sorted({t.initial_lr for t in trials if t.phase is Phase.SEARCH})
    if len(lrs) >= 3 and not chosen.baseline:
        if chosen.setting.initial_lr <= lrs[0] * 1.2:
            said.append("The LR is at the low edge of the searched range: a smaller one may be better.")
        elif chosen.setting.initial_lr >= lrs[-1] / 1.2:
            said.append("The LR is at the high edge of the searched range: a larger one may be better.")
    if range_test is not None and range_test.outcome is not Outcome.OK:
        reason = range_test.reasons[0] if range_test.reasons else ""
        said.append(f"The range test ended as {range_test.outcome.value}. {reason}".strip())
    others = [paired(chosen, entry, sign) for entry in found if entry is not chosen]
    gaps = [gap for gap in others if gap is not None]
    if gaps and all(gap.low <= 0 for gap in gaps):
        said.append(
            "The differences between all contenders are within the noise between seeds: more confirm seeds "
            "would be needed to tell them apart."
        )
    if len(chosen.values) < FEW_SEEDS:
        said.append(f"Only {len(chosen.values)} confirm seeds: the intervals are wide.")
    diverged = [entry.label for entry in found if entry.diverged]
    if diverged:
        said.append(f"Diverged on at least one seed: {', '.join(diverged)}.")
    if not around.fitted:
        said.append(
            "Too few completed trials of the answer's schedule with other learning rates lie near it: the "
            "safe band and the interval of the best LR are not measured."
        )
    return said
