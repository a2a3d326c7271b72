"""The page docs/benchmarks/engine.md, made of what was measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

HEAD = """\
# What the engine is worth

    make bench-engine

measures every model in a process of its own and writes this page; `python -m benchmarks.engine --only gru`
measures one again. All contenders train with AdamW on one thread, in interleaved rounds; a ratio is the
median over rounds of a contender's lane-steps per CPU second over those of the plain loop in that round. CPU
seconds are those that the processes got: what other programs took does not count, though what they did to
the caches does.

- *plain*: the loop a user would write with `torch.optim` on shuffled tensors; (b) that loop with
  `torch.compile(model)`; (c) two processes with that loop at once; (d) Optuna's `n_jobs=2`, a thread a trial.
- *engine K=1*: one plain lane of the engine. *fused K*: K lanes by vmap, not compiled.
- *chosen*: what the engine chooses for a long job of eight trainings a unit: a compiled step, of all eight
  lanes or of one lane at a time ([the decision](../decisions/0015-compiled-steps.md)).
"""

GPU = """\
## On a GPU

Unmeasured: no machine with a GPU has run this. The goals on an H100 (30 times for the MLPs, 12 for CNN and
ResNet-8, 15 for encoder and char-GPT) are neither reached nor missed yet.
"""


def page(results: Sequence[dict[str, Any]], missing: Sequence[str] = ()) -> str:
    """The whole page; ``missing`` are the titles of models that are still to be measured."""
    parts = [HEAD, _where(results), _speeds(results), _costs(results), _goals(results)]
    if missing:
        parts.append(f"Not measured yet: {'; '.join(missing)}.\n")
    return "\n".join([*parts, GPU])


def _where(results: Sequence[dict[str, Any]]) -> str:
    days = sorted({result["measured_at"] for result in results})
    loads = [load for result in results for load in result["load"]]
    return (
        f"Measured {' and '.join(dict.fromkeys([days[0], days[-1]]))} on {os.cpu_count()} CPUs "
        f"({platform.machine()}), Python {platform.python_version()}, torch "
        f"{version('torch').partition('+')[0]}, Optuna {version('optuna')}, while the machine's load was "
        f"{min(loads):.0f} to {max(loads):.0f}.\n"
    )


def _speeds(results: Sequence[dict[str, Any]]) -> str:
    names = ["engine K=1", "fused 1", "fused 8", "fused 64", "chosen"]
    rivals = ["plain, compiled", "2 processes", "Optuna n_jobs=2"]
    titles = ["engine K=1", "fused 1", "fused 8", "fused 64", "**chosen**", "(b)", "(c)", "(d)"]
    rows = [
        "## Speed\n",
        "Lane-steps per CPU second: of the plain loop, and how many times that the others reach.\n",
        f"| model | plain | {' | '.join(titles)} |",
        f"| --- | --- |{' --- |' * len(titles)}",
    ]
    for result in results:
        ratios = result["ratios"]
        cells = [f"{ratios[name]:.2f}" if name in ratios else "" for name in [*names, *rivals]]
        rows.append(f"| {result['title']} | {result['plain']:,.0f} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _costs(results: Sequence[dict[str, Any]]) -> str:
    rows = [
        "## What it costs\n",
        "*Operations* are those of a plain step's forward and backward pass, and what each writes on",
        "average. *Compile* is the CPU time of the Python process, checks included; what the C++ compiler",
        "takes beside it is not in it. Memory is the growth of the process's peak for each further fused,",
        "uncompiled lane; *outside* is the share of a chosen step outside the compiled function: batches,",
        "learning rates, Python.\n",
        "| model | operations | KiB each | chosen | compile, s | (b) compile, s | MiB a lane | outside |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        choice = result["choice"]
        lanes = choice["lanes"] if choice["mode"] == "fused" else 1
        how = f"{'compiled' if choice['compiled'] else 'not compiled'}, {lanes} at a time"
        outside = "" if result["outside"] is None else f"{result['outside']:.0%}"
        rows.append(
            f"| {result['title']} | {result['operations']} | {result['written'] / 1024:.0f} | {how} | "
            f"{result['compile_s']:.0f} | {result['user_compile_s']:.0f} | "
            f"{result['lane_bytes'] / 2**20:.1f} | {outside} |"
        )
    return "\n".join(rows) + "\n"


def _goals(results: Sequence[dict[str, Any]]) -> str:
    rows = [
        "## Goals\n",
        "The engine's choice over the plain loop, over the best of (a), (b) and (c) (at least 0.95), and one",
        "plain lane over the plain loop (at least 0.97).\n",
        "| model | goal | chosen | over the best rival | K=1 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for result in results:
        ratios = result["ratios"]
        chosen = ratios.get("chosen", max(ratios["engine K=1"], ratios["fused 8"]))
        best = max(1.0, ratios["plain, compiled"], ratios["2 processes"])
        goal = result["goal"]
        reached = "" if goal is None else f"{goal:g}: {_word(chosen >= goal)}"
        alone = f"{ratios['engine K=1']:.2f}: {_word(ratios['engine K=1'] >= 0.97)}"
        rows.append(
            f"| {result['title']} | {reached} | {chosen:.2f} | "
            f"{chosen / best:.2f}: {_word(chosen / best >= 0.95)} | {alone} |"
        )
    return "\n".join(rows) + "\n"


def _word(reached: bool) -> str:
    return "reached" if reached else "missed"
