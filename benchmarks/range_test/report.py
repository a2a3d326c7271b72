"""The page of the range-test benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.range_test.ours import PLAIN, PROBED
from benchmarks.range_test.pairs import Pair
from benchmarks.range_test.truth import FINE_SEEDS, Truth

WORST = 100.0
"""Regret is cut here: how far a diverged training is off has no meaning."""

SPREAD_GOAL, REGRET_GOAL, DECLINES_GOAL = 0.15, 1.05, 1
COST_GOALS = {PLAIN: 0.3, PROBED: 3.0}

HEAD = """# Range-test benchmark

Made by `make bench-range-test` (`python -m benchmarks.range_test --peers-python PYTHON`, where PYTHON has
the peers' real packages of `benchmarks/range_test/constraints.txt`, without torchvision, whose published
build does not fit a CPU-only torch). {pairs} task × optimizer pairs on real data; this run had {ours}
repeats of lrtune and {peers} of the peers, each with fresh seeds, every tool with its own defaults: 100
steps for the peers; five seeds of 25 steps a decade, then probes, for lrtune.

The *best LR* of a pair is the floor of the mean final validation loss over a dense LR grid, cosine-decayed
at full horizon ({fine} seeds an LR around the best). *Spread* is the p10–p90 range of a tool's answers in
decades, *distance* the median |log10(answer / best LR)|, *regret* the grid's loss at the answer over the
best loss (median over repeats, cut at {worst:g}), *declined* the share of repeats without an answer, *cost*
is in full runs. lrtune's rule for the suggestion and its correction for short probes were chosen on these
same pairs (docs/answer.md), the peers' rules were not: expect lrtune's lead to be somewhat smaller
elsewhere.
"""


@dataclass(frozen=True)
class Line:
    """One tool on one pair."""

    answers: int
    runs: int
    spread: float
    distance: float
    regret: float

    @property
    def declined(self) -> float:
        return 1 - self.answers / self.runs


def line(truth: Truth, found: Sequence[float | None]) -> Line:
    """The figures of a tool's answers on a pair, NaN where it never answered."""
    lrs = np.array([lr for lr in found if lr is not None])
    if not len(lrs):
        return Line(0, len(found), np.nan, np.nan, np.nan)
    x = np.log10(lrs)
    low, high = np.quantile(x, [0.1, 0.9])
    regrets = [min(truth.regret(float(lr)), WORST) for lr in lrs]
    return Line(
        len(lrs),
        len(found),
        float(high - low),
        float(np.median(np.abs(x - truth.best))),
        float(np.median(regrets)),
    )


def page(pairs: Sequence[Pair], truths: Mapping[str, Truth], rows: Sequence[Mapping[str, Any]]) -> str:
    """The Markdown page."""
    tools: list[str] = [PROBED, PLAIN]
    for row in rows:
        tools += [name for name in row["found"] if name not in tools]
    figures = {
        tool: {
            pair.name: line(
                truths[pair.name],
                [r["found"][tool] for r in rows if r["pair"] == pair.name and tool in r["found"]],
            )
            for pair in pairs
        }
        for tool in tools
    }
    parts = [_head(pairs, rows)]
    parts.append("## All pairs\n\n| tool | spread | distance | regret | worst regret | declined | cost |")
    parts.append("|---|---|---|---|---|---|---|")
    for tool in tools:
        lines = list(figures[tool].values())
        costs = [r["cost"][tool] for r in rows if tool in r.get("cost", {})]
        cost = f"{np.mean(costs):.2f}" if costs else f"{_peer_cost(pairs, rows):.2f}"
        parts.append(
            f"| {tool} | {_mean(lines, 'spread')} | {_mean(lines, 'distance')} | {_geometric(lines)} "
            f"| {np.nanmax([entry.regret for entry in lines]):.2f} "
            f"| {np.mean([entry.declined for entry in lines]):.0%} | {cost} |"
        )
    parts.append("\nMeans over pairs (the regret's is geometric).\n\n## Pair by pair: regret (spread)\n")
    parts.append("| tool | " + " | ".join(pair.name for pair in pairs) + " |")
    parts.append("|---" * (len(pairs) + 1) + "|")
    for tool in tools:
        cells = [f"{figures[tool][p.name].regret:.2f} ({figures[tool][p.name].spread:.2f})" for p in pairs]
        parts.append(f"| {tool} | " + " | ".join(cells) + " |")
    parts.append("| *best LR* | " + " | ".join(f"{10 ** truths[p.name].best:.2g}" for p in pairs) + " |")
    parts.append("\nA spread over few repeats is an underestimate.\n\n## Goals\n")
    parts += _goals(figures, rows)
    parts.append("\n## Coverage of the intervals\n")
    parts += _coverage(truths, rows)
    return "\n".join(parts) + "\n"


def _head(pairs: Sequence[Pair], rows: Sequence[Mapping[str, Any]]) -> str:
    ours = {row["repeat"] for row in rows if PROBED in row["found"]}
    peers = {row["repeat"] for row in rows if PROBED not in row["found"]}
    return HEAD.format(pairs=len(pairs), ours=len(ours), peers=len(peers), fine=FINE_SEEDS, worst=WORST)


def _peer_cost(pairs: Sequence[Pair], rows: Sequence[Mapping[str, Any]]) -> float:
    """100 steps over a full run's: from lrtune's own rows, which know the steps of a full run."""
    full = {r["pair"]: r["full_steps"] for r in rows if "full_steps" in r}
    return float(np.mean([100 / full[p.name] for p in pairs if p.name in full]))


def _mean(lines: Sequence[Line], name: str) -> str:
    return f"{np.nanmean([getattr(entry, name) for entry in lines]):.2f}"


def _geometric(lines: Sequence[Line]) -> str:
    return f"{np.exp(np.nanmean(np.log([entry.regret for entry in lines]))):.2f}"


def _goals(figures: Mapping[str, Mapping[str, Line]], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    said = []
    for tool in (PROBED, PLAIN):
        lines = figures[tool]
        for name, goal in (("spread", SPREAD_GOAL), ("regret", REGRET_GOAL)):
            over = [pair for pair, entry in lines.items() if not getattr(entry, name) <= goal]
            said.append(
                f"- {tool}: {name} ≤ {goal} on every pair: **{'missed' if over else 'met'}** "
                f"({len(lines) - len(over)} of {len(lines)} pairs; not: {', '.join(over) or 'none'})."
            )
        declining = [pair for pair, entry in lines.items() if entry.declined > 0.5]
        said.append(
            f"- {tool}: declines on at most {DECLINES_GOAL} pair: "
            f"**{'met' if len(declining) <= DECLINES_GOAL else 'missed'}** ({len(declining)})."
        )
        cost = float(np.mean([r["cost"][tool] for r in rows if tool in r.get("cost", {})]))
        said.append(
            f"- {tool}: cost at most {COST_GOALS[tool]} full runs: "
            f"**{'met' if cost <= COST_GOALS[tool] else 'missed'}** ({cost:.2f} on average)."
        )
    return said


def _coverage(truths: Mapping[str, Truth], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """How often an interval holds what it is about: the mean answer over repeats, and the best LR itself."""
    said = []
    for tool in (PLAIN, PROBED):
        own, best = [], []
        for pair, truth in truths.items():
            mine = [r for r in rows if r["pair"] == pair and r.get("low", {}).get(tool) is not None]
            centre = np.mean([np.log10(r["found"][tool]) for r in mine]) if mine else np.nan
            for r in mine:
                low, high = np.log10(r["low"][tool]), np.log10(r["high"][tool])
                own.append(low <= centre <= high)
                best.append(low <= truth.best <= high)
        if own:
            said.append(
                f"- {tool}: {len(own)} intervals; {np.mean(own):.0%} hold the tool's own mean answer over "
                f"repeats, {np.mean(best):.0%} the best LR at full horizon."
            )
    return said
