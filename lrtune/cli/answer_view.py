"""An answer for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lrtune.cli import figures, tables
from lrtune.cli.plain import plain
from lrtune.wire import Answer, Contender, Interval


def answer_view(answer: Answer) -> Group:
    """What to set, how sure that is, what it beats, and what to be careful about."""
    parts: list[RenderableType] = [Text(plain(answer.verdict), style="bold green"), Text(), _facts(answer)]
    compared = _compared(answer)
    if compared is not None:
        parts += [Text(), compared]
    if answer.warnings:
        parts += [Text(), *(Text(f"! {plain(warning)}", style="yellow") for warning in answer.warnings)]
    return Group(*parts)


def _facts(answer: Answer) -> Table:
    metric, held = answer.metric, answer.provenance
    better = "lower" if metric.goal == "minimize" else "higher"
    optimizer = ", ".join(
        str(value) if name == "name" else f"{name} {value}" for name, value in held.optimizer.items()
    )
    schedule = Text(figures.family(answer.schedule.family), style="bold")
    if answer.schedule.params:
        schedule.append(f"   {figures.params(answer.schedule.params)}", style="not bold")
    rows: list[tuple[str, Text | str]] = [
        ("initial LR", _measured(figures.lr(answer.initial_lr, 3), _within(answer.initial_lr_interval))),
        ("safe band", _within(answer.safe_band, "   (within one standard error of the best)")),
        ("schedule", schedule),
        (
            plain(metric.name),
            _measured(
                figures.metric(metric.mean),
                f"{figures.metric(metric.low)} to {figures.metric(metric.high)}",
                f"on {metric.seeds} fresh seeds, {better} is better",
            ),
        ),
        (
            "holds for",
            f"{held.task}@{held.task_version}, {optimizer}, batch size {held.batch_size}"
            f"{f' in {held.accumulate} parts' if held.accumulate > 1 else ''}, "
            f"{held.epochs} epochs, {held.precision}",
        ),
        ("cost", f"{answer.cost_full_runs:.3g} full runs"),
    ]
    if answer.stopped_early is not None:
        early = answer.stopped_early
        trained = f"after {early.trials} of {early.asked} trials: more would not have changed the answer"
        rows.append(("stopped early", f"{trained} (saved {early.saved_full_runs:.3g} full runs)"))
    ranked = sorted(
        ((share, name) for name, share in answer.importances.items() if share >= 0.01), reverse=True
    )
    if ranked:
        told = (f"{name.replace('_', ' ')} {100 * share:.0f} %" for share, name in ranked[:4])
        rows.append(("matters most", ", ".join(told)))
    return tables.facts(rows)


def _within(found: Interval, note: str = "") -> str:
    """An interval; one without width was not measured, which the answer's warnings explain."""
    return figures.interval(found) + note if found[0] < found[1] else "not measured"


def _measured(value: str, within: str, note: str = "95 % interval") -> Text:
    text = Text(plain(value), style="bold")
    return text.append(
        f"   {within}" + (f"   ({note})" if within != "not measured" else ""), style="not bold"
    )


def _compared(answer: Answer) -> Table | None:
    """Everything that was trained on the same fresh seeds, best first."""
    contenders = [*answer.finalists, *answer.baselines]
    if not contenders:
        return None
    sign = 1 if answer.metric.goal == "minimize" else -1
    contenders.sort(key=lambda c: (c.mean is None, sign * (c.mean or 0.0)))
    baselines = {each.name for each in answer.baselines}
    made = tables.table(
        "compared",
        "setting",
        plain(answer.metric.name),
        "95 % interval",
        "the answer's gain",
        wrap=["compared", "setting", "95 % interval", "the answer's gain"],
    )
    for contender in contenders:
        mine = _is_answer(answer, contender)
        name = plain(contender.name.replace("_", " "))
        setting = contender.setting
        made.add_row(
            Text(f"▸ {name}" if mine else f"  {name}", style="bold" if mine else ""),
            f"{figures.family(setting.schedule)} from {figures.lr(setting.initial_lr, 3)}",
            figures.metric(contender.mean),
            _interval(contender),
            Text("") if mine else _gain(contender),
            style="dim" if not mine and contender.name in baselines else "",
        )
    return made


def _interval(contender: Contender) -> str:
    if contender.low is None or contender.high is None:
        return f"diverged on {contender.diverged} seeds" if contender.diverged else "–"
    return f"{figures.metric(contender.low)} to {figures.metric(contender.high)}"


def _gain(contender: Contender) -> Text:
    """The paired difference, green where its interval lies above zero."""
    gain, low, high = contender.gain, contender.gain_low, contender.gain_high
    if gain is None or low is None or high is None:
        return Text("–")
    style = "green" if low > 0 else "red" if high < 0 else ""
    words = "" if low > 0 or high < 0 else "  within noise"
    return Text(f"{gain:+.2g}  ({low:+.2g} to {high:+.2g}){words}", style=style)


def _is_answer(answer: Answer, contender: Contender) -> bool:
    setting = contender.setting
    return (setting.schedule, setting.initial_lr, setting.params) == (
        answer.schedule.family,
        answer.initial_lr,
        answer.schedule.params,
    )
