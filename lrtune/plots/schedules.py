"""The picture of an answer: LR over time beside the metric, for each finalist and baseline."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from lrtune.plots.canvas import ACCENT, FAINT, INK, Drawing, figure, number, plain, png
from lrtune.schedules import FAMILIES, start
from lrtune.wire import Answer, Contender, Phase, Setting, Trial

COLOURS = ("#1b6ca8", "#2e8b57", "#b8860b", "#7b5ea7", "#c25b2c", "#4a7c8c", "#8c564b", "#708238")


def schedules_png(answer: Answer, trials: Sequence[Trial]) -> bytes:
    """``schedules_figure`` as a PNG."""
    return png(schedules_figure(answer, trials))


def schedules_figure(answer: Answer, trials: Sequence[Trial]) -> Drawing:
    """LR over the run on the left; on the right each contender's metric: a dot a seed, mean and interval.

    Args:
        answer: With its finalists and baselines.
        trials: The job's trials; the confirm ones, with their curves, give the LRs as they were trained
            (the last step of each epoch) and the values of single seeds.
    """
    contenders = [*answer.finalists, *answer.baselines]
    drawn = figure(12.0, max(4.6, 2.6 + 0.42 * len(contenders)))
    drawn.suptitle(answer.verdict, fontsize=12, color=INK, x=0.01, ha="left", wrap=True)
    left, right = drawn.subplots(1, 2, width_ratios=(1, 1.1))
    colours = {c.name: _colour(answer, c, i) for i, c in enumerate(contenders)}
    confirm = [t for t in trials if t.phase is Phase.CONFIRM]
    _schedules(left, answer, contenders, confirm, colours)
    _results(right, answer, contenders, confirm, colours)
    return drawn


def _is_answer(answer: Answer, contender: Contender) -> bool:
    setting = contender.setting
    return (setting.initial_lr, setting.schedule, setting.params) == (
        answer.initial_lr,
        answer.schedule.family,
        answer.schedule.params,
    )


def _colour(answer: Answer, contender: Contender, index: int) -> str:
    return ACCENT if _is_answer(answer, contender) else COLOURS[index % len(COLOURS)]


def _title(contender: Contender) -> str:
    words = f"{contender.setting.schedule.replace('_', ' ')} from {number(contender.setting.initial_lr)}"
    return words if contender.name == contender.setting.schedule else f"{contender.name}: {words}"


def _schedules(
    axes: Axes,
    answer: Answer,
    contenders: Sequence[Contender],
    confirm: Sequence[Trial],
    colours: dict[str, str],
) -> None:
    plain(axes)
    axes.set_xlabel("epoch", color=INK)
    axes.set_title("learning rate after each epoch", fontsize=10.5, color=INK, loc="left")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    tops = []
    for contender in contenders:
        longest = max(
            (t for t in confirm if t.label == contender.name), key=lambda t: len(t.curve), default=None
        )
        if longest is None or not longest.curve:
            continue
        chosen = _is_answer(answer, contender)
        epochs = [0, *(r.epoch for r in longest.curve)]
        rates = [_first_lr(answer, contender.setting), *(r.lr for r in longest.curve)]
        tops.append(max(rate for rate in rates if not math.isnan(rate)))
        axes.plot(
            epochs,
            [rate if rate > 0 else np.nan for rate in rates],
            color=colours[contender.name],
            linewidth=2.6 if chosen else 1.3,
            zorder=3 if chosen else 2,
        )
    if not tops:
        axes.text(0.5, 0.5, "no curves", transform=axes.transAxes, ha="center", color=FAINT)
        return
    axes.set_yscale("log")
    # A decay to zero would stretch a log axis without end: three decades below the highest tell enough.
    axes.set_ylim(min(min(tops) / 30, max(tops) / 1e3), max(tops) * 1.6)


def _first_lr(answer: Answer, setting: Setting) -> float:
    """The LR of the first step: a warmup or a one-cycle does not start at its initial LR.

    NaN of a task's own schedule, which only the task knows: its line begins with the first report.
    """
    if setting.schedule not in FAMILIES:
        return math.nan
    steps_per_epoch = answer.provenance.steps_per_epoch
    total_steps = answer.provenance.epochs * steps_per_epoch
    return start(setting, total_steps=total_steps, steps_per_epoch=steps_per_epoch).lr(0)


def _results(
    axes: Axes,
    answer: Answer,
    contenders: Sequence[Contender],
    confirm: Sequence[Trial],
    colours: dict[str, str],
) -> None:
    plain(axes)
    seeds = answer.metric.seeds
    better = "lower" if answer.metric.goal == "minimize" else "higher"
    measured = f"{answer.metric.name} on {seeds} fresh seeds"
    axes.set_title(
        f"{measured}: mean, 95 % interval ({better} is better)",
        fontsize=10.5,
        color=INK,
        loc="left",
    )
    spans: list[float] = []
    for row, contender in enumerate(contenders):
        colour, chosen = colours[contender.name], _is_answer(answer, contender)
        values = [t.value for t in confirm if t.label == contender.name and t.value is not None]
        axes.plot(values, [row] * len(values), "o", color=colour, markersize=3.5, alpha=0.45, linewidth=0)
        if contender.mean is None or contender.low is None or contender.high is None:
            axes.text(
                0.5,
                row,
                f"diverged on {contender.diverged} of {seeds} seeds",
                transform=axes.get_yaxis_transform(),
                va="center",
                ha="center",
                fontsize=9,
                color=FAINT,
            )
            continue
        axes.plot([contender.low, contender.high], [row] * 2, color=colour, linewidth=2.6 if chosen else 1.4)
        axes.plot([contender.mean], [row], "D" if chosen else "o", color=colour, markersize=7)
        axes.annotate(
            number(contender.mean),
            (contender.mean, row),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
            color=INK,
        )
        spans += [contender.low, contender.high, *values]
    axes.set_yticks(range(len(contenders)), [_title(c) for c in contenders], fontsize=9)
    for label, contender in zip(axes.get_yticklabels(), contenders, strict=True):
        label.set_color(colours[contender.name])
        label.set_fontweight("bold" if _is_answer(answer, contender) else "normal")
    axes.set_ylim(len(contenders) - 0.4, -0.7)
    _fit_range(axes, spans)


def _fit_range(axes: Axes, spans: Sequence[float]) -> None:
    """Show the intervals; a contender far off must not squeeze the others."""
    if not spans:
        return
    low, high = min(spans), max(spans)
    margin = 0.06 * max(high - low, 1e-9 * max(abs(high), 1.0))
    axes.set_xlim(low - margin, high + margin)
    if low > 0 and high / low > 20:
        axes.set_xscale("log")
