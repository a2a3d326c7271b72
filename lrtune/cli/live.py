"""Following a job in the terminal: live bars, or plain lines where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from lrtune.cli import figures, tables
from lrtune.cli.following import Following
from lrtune.cli.plain import plain
from lrtune.cli.show import asked
from lrtune.wire import Event, Job, JobState, Phase

FRAME_S = 0.2
"""Seconds between two looks of the live view."""

LINE_S = 2.0
"""Least seconds between two plain lines of progress."""

SILENCE_S = 5.0
"""Most seconds without a plain line."""


class LiveView:
    """Bars for the phase and the whole, best so far, and time left, redrawn in place."""

    def __init__(self, job: Job, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.following = Following.of(job)
        self._console = console
        self._clock = clock
        self._told_at = clock()

    def show(self, moments: Iterable[Event | Job | None]) -> None:
        """Draw until the moments end: events, the job as read anew, or None when some time has passed."""
        with Live(console=self._console, auto_refresh=False, transient=False) as live:
            live.update(self.render(), refresh=True)
            drawn = self._clock()
            for moment in moments:
                self._take(moment)
                self._print_news(live)
                if moment is None or self._clock() - drawn >= FRAME_S:
                    live.update(self.render(), refresh=True)
                    drawn = self._clock()
            live.update(self.render(), refresh=True)

    def _take(self, moment: Event | Job | None) -> None:
        if moment is None:
            return
        if isinstance(moment, Job):
            self.following.refresh(moment)
        else:
            self.following.apply(moment)
        self._told_at = self._clock()

    def _print_news(self, live: Live) -> None:
        for line in self.following.news:
            live.console.print(Text(plain(line), style="yellow" if line.startswith("warning") else "dim"))
        self.following.news.clear()

    def render(self) -> RenderableType:
        now = self.following
        head = Text.assemble(
            (plain(f"{now.job.task}@{now.job.task_version}"), "bold"),
            (f"   job {plain(now.job.id)}   {plain(asked(now.job))}", "dim"),
        )
        rows = Table.grid(padding=(0, 2, 0, 0))
        rows.add_column(no_wrap=True)
        rows.add_column(width=30)
        rows.add_column(no_wrap=True)
        for phase in Phase:
            rows.add_row(*self._phase(phase))
        rows.add_row(*self._overall())
        return Group(head, rows, self._best())

    def _phase(self, phase: Phase) -> tuple[Text, RenderableType, Text]:
        now, name = self.following, phase.value.replace("_", " ")
        order = list(Phase)
        at = -1 if now.phase is None else order.index(now.phase)
        note = Text(now.suggestion, style="dim") if phase is Phase.RANGE_TEST else Text()
        if now.state is JobState.SUCCEEDED or order.index(phase) < at:
            return Text(f"✓ {name}", style="green"), Text(), note
        if order.index(phase) > at or now.state is JobState.QUEUED:
            return Text(f"  {name}", style="dim"), Text(), note
        mark, style = ("▸", "cyan") if not now.state.final else ("✗", "red")
        progress = now.progress
        told = _count(progress.phase_done, progress.phase_total)
        return Text(f"{mark} {name}", style=style), bar(progress.phase_share), told

    def _overall(self) -> tuple[Text, RenderableType, Text]:
        now = self.following
        told = _count(now.progress.done, now.progress.total)
        if now.state is JobState.QUEUED:
            told = Text("waiting for a worker", style="dim")
        elif now.state.final:
            told.append("   ").append_text(tables.state(now.state.value))
        elif (left := self.left_s()) is not None:
            told.append(f"   {figures.duration(left)} left")
        if (spent := self.spent_s()) is not None:
            told.append(f"   {figures.duration(spent)} so far" if not now.state.final else "", style="dim")
            told.append(f"   took {figures.duration(spent)}" if now.state.final else "", style="dim")
        return Text("  overall", style="bold"), bar(now.progress.share), told

    def _best(self) -> Text:
        text = best_text(self.following)
        return Text.assemble(("  best so far  ", "bold"), text) if text else Text()

    def left_s(self) -> float | None:
        """Seconds left by the server's estimate, counted down since it was told."""
        eta = self.following.progress.eta_s
        return None if eta is None else max(0.0, eta - (self._clock() - self._told_at))

    def spent_s(self) -> float | None:
        """Seconds since the job began: by the server's clock up to its last word, by ours since then."""
        now = self.following
        if now.at is None or now.started_at is None:
            return None
        since = 0.0 if now.state.final else self._clock() - self._told_at
        return max(0.0, (now.at - now.started_at).total_seconds()) + since


class Lines(LiveView):
    """The same as lines of text, for logs and pipes: one at each change, and at least one every 5 seconds."""

    def show(self, moments: Iterable[Event | Job | None]) -> None:
        now = self.following
        self._say(f"job {now.job.id}: {now.job.task}@{now.job.task_version}, {asked(now.job)}")
        said_at, seen = self._clock(), self._stage()
        for moment in moments:
            self._take(moment)
            for line in now.news:
                self._say(line)
            now.news.clear()
            silent_s = self._clock() - said_at
            moved = isinstance(moment, Event) and moment.kind == "progress"
            if now.state.final and not isinstance(moment, Job):
                continue  # the job as it ended is read next, and says more
            if self._stage() != seen or silent_s >= SILENCE_S or (moved and silent_s >= LINE_S):
                self._say(self.line())
                said_at, seen = self._clock(), self._stage()

    def _stage(self) -> tuple[object, ...]:
        now = self.following
        return now.state, now.phase, now.suggestion

    def line(self) -> str:
        """Where the job stands, in a line."""
        now, progress = self.following, self.following.progress
        parts = [
            now.state.value if now.phase is None or now.state.final else now.phase.value.replace("_", " ")
        ]
        if now.state is JobState.QUEUED:
            return "queued, waiting for a worker"
        if progress.phase_total and not now.state.final:
            parts[0] += f" {progress.phase_done}/{progress.phase_total}"
        if progress.total:
            parts.append(
                f"overall {100 * progress.share:.0f} %"
                if not now.state.final
                else f"{progress.done} trainings"
            )
        if now.phase is Phase.RANGE_TEST and now.suggestion:
            parts.append(now.suggestion)
        if best := best_text(now):
            parts.append(f"best {best}")
        if not now.state.final and (left := self.left_s()) is not None:
            parts.append(f"{figures.duration(left)} left")
        spent = self.spent_s()
        return (f"[{figures.duration(spent)}] " if spent is not None else "") + ", ".join(parts)

    def _say(self, line: str) -> None:
        self._console.print(Text(plain(line)), soft_wrap=True)


def view(job: Job, console: Console) -> LiveView:
    """Bars on a terminal, lines elsewhere."""
    return (LiveView if console.is_terminal else Lines)(job, console)


def best_text(now: Following) -> str:
    """The best trial so far, in words; empty without one."""
    if now.best is None:
        return ""
    best = now.best
    return plain(
        f"{now.job.request.metric.name} {figures.metric(best.value)}: {figures.family(best.schedule)} "
        f"from {figures.lr(best.initial_lr)} (trial {best.number})"
    )


def bar(share: float) -> ProgressBar:
    return ProgressBar(total=1.0, completed=min(max(share, 0.0), 1.0), width=30)


def _count(done: int, total: int) -> Text:
    return Text(f"{done}/{total}" if total else "")
