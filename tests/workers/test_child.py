"""The worker's end of a trainer child that misbehaves in every way we could think of."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import pytest

from tests.workers.sandboxes import Start
from workers.child import Child, ChildDied, Lapsed
from workers.protocol import Done, Loaded, Reply, Reports, Sweep, Working

ORDER = Sweep(lrs=[0.1], seeds=[0])


LOADED: dict[str, Any] = {
    "type": "loaded",
    "steps_per_epoch": 1,
    "batch_size": 1,
    "train_size": 1,
    "valid_size": 1,
    "metrics": [],
    "parameters": 1,
    "default_lr": 1.0,
    "mode": "fused",
    "lanes": 1,
    "device": "cpu",
    "precision": "float32",
    "versions": {},
}


def reports(**change: Any) -> dict[str, Any]:
    report = {"epoch": 1, "step": 1, "lr": 0.1, "values": {"loss": 1.0}} | change
    return {"type": "reports", "rows": [{"number": 0, "report": report}]}


def ask(child: Child, log: list[str] | None = None) -> list[Reply]:
    child.send(ORDER)
    return list(child.replies(tick=lambda: None, log=(log if log is not None else []).append))


def test_replies_come_in_order_up_to_the_last(start: Start) -> None:
    child = start(
        """
        line()
        say('{"type": "working", "what": "sweep", "done": 1, "total": 2}\\n{"type": "done"}')
        line()
        say('{"type": "done"}')
        """
    )
    assert ask(child) == [Working(what="sweep", done=1, total=2), Done()]
    assert ask(child) == [Done()]


def test_what_the_cases_of_nonsense_begin_with_makes_sense(start: Start) -> None:
    child = start(f"line()\nsay({json.dumps(reports())!r})\nsay({json.dumps(LOADED)!r})\nline()")
    assert [type(reply) for reply in ask(child)] == [Reports, Loaded]


def test_a_line_without_end_is_no_reply(start: Start) -> None:
    child = start("line()\nwhile True: peer.sendall(b'x' * 1_000_000)")
    with pytest.raises(ChildDied, match="a line without end"):
        ask(child)


@pytest.mark.parametrize(
    "reply",
    [
        "hello",
        '{"type": "surprise"}',
        '{"type": "working"}',
        '{"type": "done", "more": 1}',
        '{"type": "finished", "number": 1, "state": "complete", "value": "much"}',
        "[" * 100_000,
        json.dumps(LOADED | {"steps_per_epoch": 0}),
        json.dumps(LOADED | {"train_size": 2**80}),
        json.dumps(LOADED | {"lanes": 10**9}),
        json.dumps(LOADED | {"metrics": ["m"] * 65}),
        json.dumps(LOADED | {"metrics": ["m" * 101]}),
        json.dumps(LOADED | {"default_lr": math.inf}),
        json.dumps(LOADED | {"reason": "x" * 1_000_000}),
        json.dumps(reports(epoch=0)),
        json.dumps(reports(step=2**70)),
        json.dumps(reports(lr=math.nan)),
        json.dumps(reports(values={"loss": math.inf})),
        json.dumps(reports(values={str(n): 1.0 for n in range(65)})),
        json.dumps({"type": "crashed", "error": {"code": "x", "detail": "y" * 5000}}),
        json.dumps({"type": "crashed", "error": {"code": "x", "detail": "y", "line": -1}}),
    ],
)
def test_nonsense_is_no_reply(start: Start, reply: str) -> None:
    child = start(f"line()\nsay({reply!r})\nline()")
    with pytest.raises(ChildDied, match="no valid reply"):
        ask(child)


def test_a_child_that_ends_is_told_with_its_last_words(start: Start) -> None:
    child = start("line()\nprint('out of luck', file=sys.stderr)\nsys.exit(3)")
    with pytest.raises(ChildDied, match="ended with status 3") as caught:
        ask(child)
    assert "out of luck" in caught.value.tail


def test_a_child_that_is_killed_is_told_by_signal(start: Start) -> None:
    child = start("line()\nos.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(ChildDied, match="killed by SIGKILL"):
        ask(child)


def test_a_child_that_is_silent_too_long_counts_as_hung(start: Start) -> None:
    seconds = itertools.count(step=30)
    child = start("line()\nline()", clock=lambda: float(next(seconds)))
    with pytest.raises(ChildDied, match="silent for 60 s"):
        ask(child)


def test_what_it_prints_is_logged_line_by_line(start: Start) -> None:
    child = start(
        """
        line()
        sys.stderr.buffer.write(b"one\\ntwo \\xff\\x00\\n" + b"x" * 10000 + b"\\n")
        sys.stderr.flush()
        say('{"type": "done"}')
        line()
        """
    )
    said: list[str] = []
    ask(child, said)
    assert said[:2] == ["one", "two \ufffd"]
    assert len(said[2]) == 2000


def test_what_tick_raises_passes_through(start: Start) -> None:
    child = start("line()\nline()")
    child.send(ORDER)

    def tick() -> None:
        raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        list(child.replies(tick=tick, log=print))


def test_nobody_reads_an_order_of_a_dead_child(start: Start) -> None:
    child = start("sys.exit(0)")
    with pytest.raises(ChildDied):
        ask(child)


def test_a_child_does_not_outlive_a_silent_worker(start: Start) -> None:
    child = start("line()\nline()")
    child.hold(0.1)
    with pytest.raises(Lapsed):
        ask(child)


def test_a_child_goes_on_as_long_as_its_worker_says(start: Start) -> None:
    seconds = itertools.count(step=2)
    child = start("line()\nsay(DONE)\nline()", clock=lambda: float(next(seconds)))
    for _ in range(50):
        child.hold(3600.0)
    assert ask(child) == [Done()]
