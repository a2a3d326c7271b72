"""A range test for the terminal: what it found, and its curve."""

from __future__ import annotations

import math
from statistics import median

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.text import Text

from lrtune.cli import curve, figures, tables
from lrtune.cli.plain import plain
from lrtune.wire import RangeTest, Sized

BANDS = {"small": "blue", "medium": "green", "large": "yellow", "diverging": "red"}
"""The bands, lowest LR first, with their colours."""

HEIGHT = 9
WIDTH_MAX = 96
MARGIN = 9
"""Cells left of the curve, for the loss axis."""

MARKS = (
    ("rise", "starts to fall"),
    ("steepest", "falls fastest"),
    ("minimum", "lowest"),
    ("divergence", "diverges"),
)

SCALING = {"batch_size": "batch sizes", "accumulate": "accumulation"}


def range_test_view(found: RangeTest) -> Group:
    """Suggestion, bands and marks, then the curve."""
    rows: list[tuple[str, Text | str]] = [("range test", _headline(found))]
    rows += [("", Text(plain(reason), style="dim")) for reason in found.reasons]
    bands = bands_text(found)
    if bands.plain:
        rows.append(("bands", bands))
    marks = [
        f"{words} {figures.lr(mark.lr)} ({figures.interval((mark.low, mark.high))})"
        for name, words in MARKS
        if (mark := getattr(found.marks, name)) is not None
    ]
    if marks:
        rows.append(("marks", "; ".join(marks)))
    for scaling in found.scaling:
        rows.append((SCALING[scaling.by], Text(plain(scaling.text))))
        rows += [("", Text(_sized(size), style="dim")) for size in scaling.sizes]
    return Group(tables.facts(rows), Text(), Curve(found))


def _sized(size: Sized) -> str:
    lowest = size.marks.minimum
    batch = f"{size.batch_size} examples" + (f" ({size.accumulate} batches)" if size.accumulate > 1 else "")
    if lowest is None:
        return f"{batch}: {size.outcome.value.replace('_', ' ')}"
    return f"{batch}: lowest at {figures.lr(lowest.lr)} ({figures.interval((lowest.low, lowest.high))})"


def _headline(found: RangeTest) -> Text:
    outcome = found.outcome.value.replace("_", " ")
    if found.suggestion is None:
        return Text(f"no suggestion: {outcome}", style="yellow")
    chosen = found.suggestion
    how = "verified by short trainings" if chosen.verified else "not yet verified"
    text = Text(f"LR {figures.lr(chosen.lr)}", style="bold")
    return text.append(f"   {figures.interval((chosen.low, chosen.high))}   ({how})", style="not bold")


def bands_text(found: RangeTest) -> Text:
    """``small 1e-7 to 1.2e-4 · medium …``, each in its colour."""
    told = Text()
    for name, colour in BANDS.items():
        band = getattr(found.bands, name)
        if band is None:
            continue
        if told.plain:
            told.append("   ")
        told.append(name, style=f"bold {colour}").append(f" {figures.interval(band)}")
    return told


class Curve:
    """The median over seeds of the raw loss against LR, in its bands' colours, on a log axis."""

    def __init__(self, found: RangeTest) -> None:
        self._found = found
        steps = min((len(c.lr) for c in found.curves), default=0)
        self._lrs = found.curves[0].lr[:steps] if found.curves else []
        self._loss = [_median([c.loss[i] for c in found.curves if i < len(c.loss)]) for i in range(steps)]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(options.max_width - MARGIN, WIDTH_MAX)
        finite = [value for value in self._loss if value is not None]
        drawable = len(finite) >= 2 and self._lrs[0] > 0 and self._lrs[-1] > self._lrs[0]
        if width < 24 or not drawable:
            yield Text("There is no curve to draw.", style="dim")
            return
        low, high = limits(finite)
        ascii_only = options.ascii_only
        rows = curve.draw(cut(self._loss, high), width=width, height=HEIGHT, low=low, high=high)
        for number, row in enumerate(rows):
            edge = high if number == 0 else low if number == HEIGHT - 1 else None
            line = Text(f"{'' if edge is None else figures.metric(edge):>{MARGIN - 2}} ", style="dim")
            line.append("|" if ascii_only else "│", style="dim")
            for cell, char in enumerate(curve.in_ascii(row) if ascii_only else row):
                line.append(char, style=self._colour((cell + 0.5) / width))
            yield line
        yield self._axis(width, ascii_only)
        yield self._labels(width)

    def _colour(self, share: float) -> str:
        at = self._lrs[0] * (self._lrs[-1] / self._lrs[0]) ** share
        for name, colour in BANDS.items():
            band = getattr(self._found.bands, name)
            if band is not None and band[0] <= at <= band[1]:
                return colour
        return ""

    def _cell(self, at: float, width: int) -> int:
        share = math.log(at / self._lrs[0]) / math.log(self._lrs[-1] / self._lrs[0])
        return min(max(int(share * width), 0), width - 1)

    def _decades(self) -> list[float]:
        first, last = math.ceil(math.log10(self._lrs[0]) - 1e-9), math.floor(math.log10(self._lrs[-1]) + 1e-9)
        return [10.0**power for power in range(first, last + 1)]

    def _axis(self, width: int, ascii_only: bool) -> Text:
        line, tick, corner, mark = "-", "+", "+", "^"
        if not ascii_only:
            line, tick, corner, mark = "─", "┬", "└", "▲"
        cells = [line] * width
        for decade in self._decades():
            cells[self._cell(decade, width)] = tick
        text = Text(" " * (MARGIN - 1) + corner + "".join(cells), style="dim")
        suggested = self._found.suggested_lr
        if suggested is not None and self._lrs[0] <= suggested <= self._lrs[-1]:
            at = MARGIN + self._cell(suggested, width)
            text.plain = text.plain[:at] + mark + text.plain[at + 1 :]
            text.stylize("not dim bold magenta", at, at + 1)
        return text

    def _labels(self, width: int) -> Text:
        cells = [" "] * (width + 8)
        free = 0
        for decade in self._decades():
            label = f"{decade:g}" if 1e-3 <= decade < 1e4 else f"1e{round(math.log10(decade))}"
            start = max(self._cell(decade, width) - len(label) // 2, 0)
            if start < free or start + len(label) > width:
                continue
            cells[start : start + len(label)] = label
            free = start + len(label) + 2
        return Text(" " * MARGIN + "".join(cells[:width]).rstrip(), style="dim")


def limits(finite: list[float]) -> tuple[float, float]:
    """The loss axis: from the lowest value to somewhat above the start, however high divergence went."""
    start = median(finite[: max(len(finite) // 8, 1)])
    low = min(finite)
    span = max(start - low, 1e-9 * max(abs(start), 1.0))
    return low, start + 0.3 * span


def cut(loss: list[float | None], high: float) -> list[float | None]:
    """``loss`` up to where it leaves the axis for good; what it does after diverging tells nothing."""
    lowest = min((v, i) for i, v in enumerate(loss) if v is not None)[1]
    gone = next((i for i, v in enumerate(loss) if i > lowest and (v is None or v > high)), len(loss))
    return [*loss[: gone + 1], *[None] * (len(loss) - gone - 1)]


def _median(values: list[float | None]) -> float | None:
    """The median where most seeds are finite: one that diverged counts as infinite."""
    found = median(math.inf if v is None or not math.isfinite(v) else v for v in values) if values else None
    return None if found is None or not math.isfinite(found) else found
