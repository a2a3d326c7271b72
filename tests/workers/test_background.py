"""Work in the background: what it says is told here, and nobody waits for what nobody wants."""

from __future__ import annotations

import pytest

from workers.background import Errand, Stopped, attend


def test_what_it_returns_and_says() -> None:
    def work(errand: Errand) -> int:
        for n in range(3):
            errand.say(str(n))
            errand.pause()
        return 7

    lines: list[str] = []
    ticks: list[int] = []
    assert attend(work, tick=lambda: ticks.append(1), log=lines.append) == 7
    assert lines == ["0", "1", "2"]
    assert ticks


def test_what_it_raises() -> None:
    def work(errand: Errand) -> None:
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        attend(work, tick=lambda: None, log=print)


def test_a_tick_that_raises_stops_it() -> None:
    ended: list[str] = []

    def work(errand: Errand) -> None:
        try:
            while True:
                errand.pause()
        except Stopped:
            ended.append("stopped")
            raise

    def tick() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        attend(work, tick=tick, log=print)
    assert ended == ["stopped"]
