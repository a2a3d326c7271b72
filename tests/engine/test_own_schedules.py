"""Schedules that a task brings, in a real child: told, trained by, and told wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lrtune.wire import JobError
from tests.engine.test_bad_tasks import AT, GOOD
from tests.engine.trainer import Failed, Trainer, lane

HALVES = """
from lrtune.schedules import Custom, number

def halves(step, steps, *, depth):
    return 1.0 if step < steps // 2 else depth

def task():
    return make(schedules={"halves": Custom(halves, (number("depth", 0.01, 0.9, default=0.1),))})
"""


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trainer]:
    with Trainer(stderr=tmp_path_factory.mktemp("log") / "stderr") as child:
        yield child


def test_lanes_are_trained_by_the_function(trainer: Trainer, tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(GOOD + HALVES)
    loaded = trainer.load(tmp_path, "good:task")
    [row] = loaded.schedules
    assert (row.name, row.function) == ("custom:halves", "good:halves")
    assert [param.name for param in row.params] == ["depth", "warmup"]
    told = trainer.train(
        [
            lane(0, 1e-2, schedule="custom:halves", epochs=4),
            lane(1, 1e-2, schedule="custom:halves", epochs=4, depth=0.5),
            lane(2, 1e-2, epochs=4),
        ]
    )
    assert told.rates[0] == pytest.approx([1e-2, 1e-2, 1e-3, 1e-3])
    assert told.rates[1] == pytest.approx([1e-2, 1e-2, 5e-3, 5e-3])
    assert told.rates[2] == pytest.approx([1e-2] * 4)


def told(trainer: Trainer, folder: Path, body: str) -> JobError:
    (folder / "bad.py").write_text(GOOD + "from lrtune.schedules import Custom, number\n" + body)
    try:
        trainer.load(folder, "bad:task")
        trainer.train([lane(0, 1e-3, schedule="custom:mine", epochs=8)])
    except Failed as failed:
        return failed.error
    raise AssertionError("the task trained")


@pytest.mark.parametrize(
    ("function", "code", "detail", "line"),
    [
        (
            "def f(step, steps):\n    return [1.0][step]",
            "user_error",
            "IndexError: list index out of range (in schedules.mine)",
            2,
        ),
        ("def f(step, steps):\n    return -1.0", "task_invalid", "schedules.mine: gave -1.0", None),
        (
            "def f(step):\n    return 1.0",
            "task_invalid",
            "f() takes 1 positional argument but 2 were given (in schedules.mine)",
            None,
        ),
        # Only in the run that is trained: the first trials are short.
        (
            "def f(step, steps):\n    return float('nan') if step == 63 and steps == 64 else 1.0",
            "task_invalid",
            "schedules.mine: gave nan at step 63 of 64",
            None,
        ),
    ],
)
def test_a_function_that_fails_is_told(
    trainer: Trainer, tmp_path: Path, function: str, code: str, detail: str, line: int | None
) -> None:
    error = told(trainer, tmp_path, f"{function}\ndef task(): return make(schedules={{'mine': Custom(f)}})\n")
    assert error.code == code
    assert detail in error.detail
    if line is not None:
        assert (error.file, error.line) == ("bad.py", AT + line)


@pytest.mark.parametrize(
    ("schedules", "detail"),
    [
        ("[1]", "schedules: is not a mapping"),
        ("{'mine': lambda step, steps: 1.0}", "schedules.mine: is not a Custom"),
        ("{str(n) + 'x': 1 for n in range(30)}", "schedules: has 30 entries"),
        ("{'mine': Custom(max, (number('x', 1, 0, default=0),))}", "schedules.mine.x"),
    ],
)
def test_schedules_that_are_none_are_refused(
    trainer: Trainer, tmp_path: Path, schedules: str, detail: str
) -> None:
    error = told(trainer, tmp_path, f"def task(): return make(schedules={schedules})\n")
    assert error.code == "task_invalid"
    assert detail in error.detail
