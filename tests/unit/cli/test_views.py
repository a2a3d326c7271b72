"""What the terminal shows: numbers, text of others, curves, live views."""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from lrtune.cli import curve, figures
from lrtune.cli.answer_view import answer_view
from lrtune.cli.code import coloured
from lrtune.cli.following import Following
from lrtune.cli.live import Lines, LiveView
from lrtune.cli.plain import plain
from lrtune.cli.range_test_view import range_test_view
from lrtune.cli.ticking import ticking
from lrtune.keyvalue import read
from lrtune.rangetest.scaling import scaling
from lrtune.wire import Contender, Curve, Event, Job, JobState, Outcome, Phase, Progress, RangeTest, Setting
from service import samples
from tests.unit.rangetest.batches import batches


def console(width: int = 100, encoding: str = "utf-8", terminal: bool = False) -> Console:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    return Console(file=file, width=width, highlight=False, markup=False, force_terminal=terminal)


def printed(made: RenderableType | None = None, where: Console | None = None) -> str:
    where = where or console()
    if made is not None:
        where.print(made)
    file = where.file
    assert isinstance(file, io.TextIOWrapper)
    buffer = file.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode(file.encoding)


def told(kind: str, number: int = 1, after_s: float = 0.0, **data: Any) -> Event:
    at = samples.JOB.created_at + timedelta(seconds=after_s)
    return Event(id=number, job=samples.JOB.id, kind=kind, at=at, data=data)


class Clock:
    """Seconds that a test turns on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0041, "0.0041"), (3.2e-5, "3.2e-5"), (1e-7, "1e-7"), (0.5, "0.5"), (10.0, "10"),
     (123.0, "123"), (0.0, "0")],
)  # fmt: skip
def test_learning_rates(value: float, text: str) -> None:
    assert figures.lr(value) == text


def test_more_digits() -> None:
    assert [figures.lr(value, 3) for value in (0.00340379, 0.0185, 3.16e-5, 1e-6)] == [
        "0.0034", "0.0185", "3.16e-5", "1e-6",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (34.4, "0:34"), (725, "12:05"), (3723, "1:02:03"), (187_200, "2d 4h")]
)
def test_durations(seconds: float, text: str) -> None:
    assert figures.duration(seconds) == text


@pytest.mark.parametrize("text", ["\x1b[2J", "\x07", "a\rb", "\x9b31m", "\u202eabc", "x\x00y"])
def test_text_of_others_cannot_move_the_cursor(text: str) -> None:
    assert not set(plain(text)) & set("\x1b\x07\r\x9b\u202e\x00")


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("0.5", 0.5), ("true", True), ("null", None), ("[1, 2]", [1, 2]), ('"3"', "3"), ("net", "net"),
     ("", ""), ("NaN", "NaN"), ("Infinity", "Infinity"), ("1e-3", 0.001)],
)  # fmt: skip
def test_values_are_json_or_text(text: str, value: Any) -> None:
    assert read(text) == value


@settings(deadline=None)
@given(
    st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True), max_size=200),
    st.integers(1, 60),
    st.integers(1, 12),
)
def test_any_curve_fits_its_frame(values: list[float | None], width: int, height: int) -> None:
    rows = curve.draw(values, width=width, height=height, low=-1.0, high=1.0)
    assert [len(row) for row in rows] == [width] * height


def test_a_falling_line_falls() -> None:
    rows = curve.draw([3.0, 2.0, 1.0, 0.0], width=2, height=1, low=0.0, high=3.0)
    assert rows == ["⠙⢦"]
    assert curve.in_ascii("⠑ ⢄") == "* *"


def test_a_curve_is_drawn_with_bands_marks_and_axis() -> None:
    lrs = [1e-7 * 10 ** (step / 10) for step in range(81)]
    loss = [2.0 - 1.5 / (1 + math.exp(-3 * (math.log10(lr) + 3))) + (90.0 if lr > 0.2 else 0.0) for lr in lrs]
    found = samples.RANGE_TEST.model_copy(
        update={"curves": [Curve(seed=seed, lr=lrs, loss=list(loss)) for seed in range(3)]}
    )
    text = printed(range_test_view(found), console(120))
    assert "▲" in text
    for words in ("1e-7", "0.01", "diverging 0.21 to 10", "0.0032", "falls fastest 0.0015"):
        assert words in text
    ascii_text = printed(range_test_view(found), console(encoding="ascii"))
    assert "^" in ascii_text
    assert "*" in ascii_text


@pytest.mark.parametrize("width", [20, 40, 200])
@pytest.mark.parametrize(
    "curves",
    [[], [Curve(seed=0, lr=[], loss=[])], [Curve(seed=0, lr=[1e-3, 1e-2], loss=[None, None])],
     [Curve(seed=0, lr=[1e-3, 1e-2], loss=[1.0, 1.0]), Curve(seed=1, lr=[1e-3], loss=[1.0])],
     [Curve(seed=0, lr=[0.0, 0.0], loss=[1.0, 2.0])],
     [Curve(seed=0, lr=[1.0, 2.0, 4.0], loss=[float("inf"), 2.0, 3.0])]],
)  # fmt: skip
def test_any_range_test_can_be_shown(width: int, curves: list[Curve]) -> None:
    found = RangeTest(outcome=Outcome.FLAT, reasons=["Nothing moves."], curves=curves)
    text = printed(range_test_view(found), console(width))
    assert "flat" in text


def test_an_answer_says_what_it_beats_and_what_is_noise() -> None:
    setting = Setting(schedule="one_cycle", initial_lr=0.02)
    gain = {"gain": 0.002, "gain_low": -0.01, "gain_high": 0.01}
    near = Contender(name="near", setting=setting, mean=0.07, low=0.06, high=0.08, **gain)
    gone = Contender(name="gone", setting=setting, mean=None, low=None, high=None, diverged=2)
    answer = samples.ANSWER.model_copy(
        update={"finalists": [*samples.ANSWER.finalists, near, gone], "warnings": ["Few seeds."],
                "safe_band": (0.0041, 0.0041)}
    )  # fmt: skip
    lines = printed(answer_view(answer), console(140)).splitlines()
    [near_line] = [line for line in lines if "near" in line and "one cycle" in line]
    assert "within noise" in near_line
    assert any("diverged on 2 seeds" in line for line in lines)
    assert any("safe band" in line and "not measured" in line for line in lines)
    assert any(line.startswith("! Few seeds.") for line in lines)
    assert any("▸ trial 9" in line for line in lines)


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_narrow_terminal_wraps_and_cuts_nothing(width: int) -> None:
    gain = {"gain": 0.0073, "gain_low": -0.018, "gain_high": 0.032}
    setting = Setting(schedule="one_cycle", initial_lr=0.0282)
    near = Contender(
        name="one_cycle at suggested LR", setting=setting, mean=0.142, low=0.128, high=0.156, **gain
    )
    answer = samples.ANSWER.model_copy(update={"finalists": [*samples.ANSWER.finalists, near]})
    text = printed(answer_view(answer), console(width))
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    for word in ("compared", "95 %", "within", "noise", "0.0282", "+0.032)", "suggested"):
        assert word in text


def test_code_to_paste_is_whole_on_a_narrow_terminal() -> None:
    source = f"# {'a long comment ' * 12}end\noptimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"
    where = console(40)
    where.print(coloured(source), soft_wrap=True)
    assert [line.rstrip() for line in printed(where=where).splitlines()] == source.splitlines()


def test_following_takes_in_what_events_tell() -> None:
    now = Following.of(samples.QUEUED)
    progress = Progress(done=3, total=9, share=0.3, phase_done=1, phase_total=4, phase_share=0.2, eta_s=5.0)
    for event in (
        told("state", state="running"),
        told("phase", phase="search"),
        told("progress", phase="search", progress=progress.model_dump(), best=None),
        told("range_test", outcome="ok", suggested_lr=0.003, reasons=[]),
        told("engine", mode="sequential", device="cpu", reason="a GRU cannot be fused"),
        told("log", text="hello"),
    ):
        now.apply(event)
    assert (now.state, now.phase, now.progress) == (JobState.RUNNING, Phase.SEARCH, progress)
    assert now.suggestion == "suggests an LR of 0.003"
    assert now.news == ["engine: a GRU cannot be fused", "log: hello"]


@pytest.mark.parametrize(
    "kind", ["state", "phase", "progress", "range_test", "engine", "warning", "answer", "new"]
)
@pytest.mark.parametrize("data", [{}, {"state": {}, "phase": [], "progress": 3, "best": "x", "outcome": 1}])
def test_events_of_another_form_change_nothing(kind: str, data: dict[str, Any]) -> None:
    now = Following.of(samples.JOB)
    now.apply(told(kind, **data))
    assert (now.state, now.phase, now.best) == (JobState.RUNNING, Phase.SEARCH, samples.JOB.best)


def test_lines_come_at_changes_and_at_least_every_five_seconds() -> None:
    clock, where = Clock(), console()

    def moments() -> Iterator[Event | Job | None]:
        yield told("state", state="running")
        yield told("phase", after_s=1, phase="range_test")
        for _ in range(6):
            clock.now += 1.0
            yield None
        progress = {"done": 5, "total": 9, "share": 0.5, "phase_done": 5, "phase_total": 5, "eta_s": 9.0}
        clock.now += 1.0
        yield told("progress", after_s=8, phase="range_test", progress=progress)
        clock.now += 0.5
        yield told("progress", after_s=8.5, phase="range_test", progress=progress)
        yield told("state", after_s=9, state="succeeded")
        yield samples.JOB.model_copy(
            update={"state": JobState.SUCCEEDED, "finished_at": samples.JOB.created_at + timedelta(seconds=9)}
        )

    Lines(samples.QUEUED, where, clock).show(moments())
    assert [line.strip() for line in printed(where=where).splitlines()] == [
        "job 4m7x2k9qh3tz: digits-mlp@1, adamw, 20 epochs, 60 trials, seed 0",
        "[0:00] running",
        "[0:01] range test",
        "[0:06] range test",
        "[0:08] range test 5/5, overall 50 %, 0:09 left",
        "[0:09] succeeded, 31 trainings, best loss 0.071: cosine from 0.0041 (trial 9)",
    ]


def test_the_live_view_counts_down_between_events() -> None:
    clock = Clock()
    view = LiveView(samples.JOB, console(terminal=True), clock)
    clock.now = 20.0
    assert view.left_s() == 54.0
    view.following.apply(told("log", after_s=60, text="x"))
    assert view.spent_s() == 80.0


def test_the_live_view_ends_with_every_phase_ticked() -> None:
    where = console(terminal=True)
    ended = samples.JOB.model_copy(update={"state": JobState.SUCCEEDED})
    LiveView(samples.QUEUED, where, Clock()).show(iter([told("warning", text="mind it"), None, ended]))
    text = printed(where=where)
    last = text[text.rindex("range test") :]
    for phase in ("probes", "search", "confirm"):
        assert f"✓ {phase}" in last
    assert "succeeded" in last
    assert "warning: mind it" in text


def test_ticking_gives_everything_and_ticks_while_nothing_comes() -> None:
    waiting = threading.Event()

    def source() -> Iterator[int]:
        yield 1
        waiting.wait()
        yield 2

    found: list[int | None] = []
    for item in ticking(source(), 0.001):
        found.append(item)
        if item is None:
            waiting.set()
    assert [item for item in found if item is not None] == [1, 2]
    assert None in found


def test_ticking_raises_what_its_source_raises() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        list(ticking(source(), 60.0))


def test_a_range_test_tells_how_the_lr_grows_with_the_batch() -> None:
    found = samples.RANGE_TEST.model_copy(
        update={"scaling": [scaling("batch_size", batches(1.0), batch_size=64)]}
    )
    text = " ".join(printed(range_test_view(found)).split())
    assert "twice the batch, twice the LR" in text
    assert "16 examples: lowest at" in text
