"""Tasks that break the contract in every way we know: answers name the file and line, or the field."""

# ruff: noqa: E501 - a case is a file in a string, readable in one piece

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from lrtune.wire import JobError
from tests.engine.trainer import Failed, Trainer, lane
from workers.protocol import TEXT_MAX, TRACEBACK_MAX

GOOD = """\
import torch, lrtune
from torch import nn
x = torch.randn(64, 4, generator=torch.Generator().manual_seed(0)); y = x.sum(1, keepdim=True)

def make(**changes):
    fields = dict(model=lambda: nn.Linear(4, 1), train=(x, y), valid=(x, y), loss=nn.functional.mse_loss, batch_size=8)
    return lrtune.Task(**fields | changes)
"""
AT = GOOD.count("\n") + 1
"""The line number of the first line of a case."""


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trainer]:
    """One child for all cases: after each it goes on."""
    with Trainer(stderr=tmp_path_factory.mktemp("log") / "stderr") as child:
        yield child


def told(trainer: Trainer, folder: Path, body: str, **params: object) -> JobError:
    """The error that loading or training this task gives."""
    (folder / "bad.py").write_text(GOOD + textwrap.dedent(body).lstrip("\n"))
    try:
        trainer.load(folder, "bad:task", params=params)
        trainer.train([lane(0, 1e-3)])
    except Failed as failed:
        return failed.error
    raise AssertionError("the task trained")


RAISING = {
    "on import": ("raise RuntimeError('no disk')", 0, "RuntimeError: no disk"),
    "in the entry": ("def task():\n    return make(**{}[1])", 1, "KeyError: 1"),
    "a syntax error": ("def task(:\n    pass", 0, "SyntaxError"),
    "sys.exit on import": ("import sys; sys.exit(3)", 0, "sys.exit()"),
    "in the model's constructor": (
        "class M(nn.Module):\n    def __init__(self):\n        raise ValueError('width')\ndef task(): return make(model=M)",
        2,
        "ValueError: width",
    ),
    "in the model's forward": (
        "class M(nn.Linear):\n    def forward(self, x):\n        return x @ x\ndef task(): return make(model=lambda: M(4, 1))",
        2,
        "RuntimeError",
    ),
    "in evaluation only": (
        "class M(nn.Linear):\n    def forward(self, x):\n        if not self.training: raise OSError('eval')\n"
        "        return super().forward(x)\ndef task(): return make(model=lambda: M(4, 1))",
        2,
        "OSError: eval",
    ),
    "in the loss": (
        "def loss(o, t):\n    return undefined\ndef task(): return make(loss=loss)",
        1,
        "NameError",
    ),
    "sys.exit in the loss": (
        "def loss(o, t):\n    raise SystemExit\ndef task(): return make(loss=loss)",
        1,
        "sys.exit()",
    ),
    "in a metric": (
        "def score(o, t):\n    return 1 / 0\ndef task(): return make(metrics={'score': score})",
        1,
        "ZeroDivisionError: division by zero (in metrics['score'])",
    ),
    "in the data set": (
        "class D:\n    def __len__(self): return 9\n    def __getitem__(self, i):\n"
        "        if i == 5: raise OSError('bad sector')\n        return x[i], y[i]\ndef task(): return make(train=D())",
        3,
        "OSError: bad sector",
    ),
}


@pytest.mark.parametrize("case", RAISING)
def test_code_that_raises_is_told_by_file_and_line(case: str, trainer: Trainer, tmp_path: Path) -> None:
    body, line, detail = RAISING[case]
    error = told(trainer, tmp_path, body)
    assert error.code == "user_error"
    assert error.file == "bad.py"
    assert error.line == AT + line
    assert detail in error.detail
    assert error.remedy
    assert str(tmp_path) not in (error.traceback or "")


BREAKING = {
    "no such function": ("def other(): return make()", "entry: bad.py has no function 'task'"),
    "not a task": ("def task(): return 3", "entry: task returned int, not lrtune.Task"),
    "an empty data set": ("def task():\n    return make(train=(x[:0], y[:0]))", "train: is empty"),
    "an empty validation set": ("def task(): return make(valid=(x[:0], y[:0]))", "valid: is empty"),
    "targets missing": ("def task(): return make(train=(x, y[1:]))", "train: has 64 inputs but 63 targets"),
    "not pairs": (
        "class D:\n    def __len__(self): return 9\n    def __getitem__(self, i): return x[i]\ndef task(): return make(train=D())",
        "train: an example is a Tensor, not (inputs, targets)",
    ),
    "too many metrics": (
        "def task(): return make(metrics={str(n): score for n in range(100)})\ndef score(o, t): return 1.0",
        "metrics: has 100 names",
    ),
    "a metric of endless name": (
        "def task(): return make(metrics={'m' * 1000: score})\ndef score(o, t): return 1.0",
        "metrics: 'mmm",
    ),
    "strings": ("def task(): return make(train=([['a']], ['b']))", "train:"),
    "NaN at once": (
        "def loss(o, t): return (o - t).sum() * float('nan')\ndef task(): return make(loss=loss)",
        "loss: is nan",
    ),
    "NaN in the data": ("def task(): return make(train=(x / 0, y))", "loss: is nan"),
    "a loss that is a float": (
        "def loss(o, t): return 1.0\ndef task(): return make(loss=loss)",
        "loss: returned a float",
    ),
    "a loss a row": (
        "def loss(o, t): return (o - t) ** 2\ndef task(): return make(loss=loss)",
        "loss: returned a tensor of shape (8, 1)",
    ),
    "a detached loss": (
        "def loss(o, t): return ((o - t) ** 2).mean().detach()\ndef task(): return make(loss=loss)",
        "loss: carries no gradient",
    ),
    "not a module": ("def task(): return make(model=lambda: 3)", "model: built a int"),
    "one module for all": (
        "m = nn.Linear(4, 1)\ndef task(): return make(model=lambda: m)",
        "model: gives the same module twice",
    ),
    "nothing to train": (
        "def task(): return make(model=lambda: nn.Linear(4, 1).requires_grad_(False))",
        "model: has no parameter to train",
    ),
    "lazy": (
        "def task(): return make(model=lambda: nn.LazyLinear(1))",
        "model: parameter weight has no shape yet",
    ),
    "parameters that are not float": (
        "class M(nn.Linear):\n    def __init__(self):\n        super().__init__(4, 1)\n"
        "        self.steps = nn.Parameter(torch.zeros(3, dtype=torch.long), requires_grad=False)\n"
        "def task(): return make(model=M)",
        "model: parameter steps is torch.int64, not floating point",
    ),
    "examples of changing shape": (
        "class D:\n    def __len__(self): return 9\n"
        "    def __getitem__(self, i): return x[i].repeat(1 + i % 2), y[i]\ndef task(): return make(train=D())",
        "train:",
    ),
    "a metric a row": (
        "def score(o, t): return o\ndef task(): return make(metrics={'score': score})",
        "metrics['score']: returned a tensor",
    ),
    "a metric that is text": (
        "def score(o, t): return 'good'\ndef task(): return make(metrics={'score': score})",
        "metrics['score']: returned a str",
    ),
    "micro-batches that don't fit": (
        "def task(): return make(accumulate=3)",
        "accumulate: 8 examples a step",
    ),
}


@pytest.mark.parametrize("case", BREAKING)
def test_a_broken_contract_is_told_by_field_and_remedy(case: str, trainer: Trainer, tmp_path: Path) -> None:
    body, detail = BREAKING[case]
    error = told(trainer, tmp_path, body)
    assert error.code == "task_invalid"
    assert error.detail.startswith(detail), error.detail
    assert error.remedy
    if case != "no such function":
        assert error.file == "bad.py"
        assert error.line is not None
        assert error.line >= AT


def test_layers_that_do_not_fit_are_told_where_the_model_is_made(trainer: Trainer, tmp_path: Path) -> None:
    error = told(trainer, tmp_path, "def task():\n    return make(\n        model=lambda: nn.Linear(5, 1))")
    assert "shapes cannot be multiplied" in error.detail
    assert (error.file, error.line) == ("bad.py", AT + 2)


def test_an_endless_message_is_cut(trainer: Trainer, tmp_path: Path) -> None:
    error = told(
        trainer, tmp_path, "def task():\n    raise ValueError('first ' + 'x' * 30_000_000 + ' last')"
    )
    assert error.detail.startswith("ValueError: first xxx")
    assert error.detail.endswith("last (in entry)")
    assert len(error.detail) <= TEXT_MAX
    assert len(error.traceback or "") <= TRACEBACK_MAX
    assert error.line == AT + 1


def test_a_package_that_is_missing_is_to_be_named(trainer: Trainer, tmp_path: Path) -> None:
    error = told(trainer, tmp_path, "import nothing_of_this_name.part\ndef task(): return make()")
    assert (error.code, error.line) == ("user_error", AT)
    assert "No module named 'nothing_of_this_name'" in error.detail
    assert "that brings nothing_of_this_name in a requirements file" in (error.remedy or "")


@pytest.mark.parametrize(
    ("params", "detail"),
    [
        ({"width": 3, "wdth": 3}, "params: task: got an unexpected keyword argument 'wdth'"),
        ({}, "params: task: missing a required argument: 'width'"),
    ],
)
def test_wrong_parameters_are_told_with_the_right_ones(
    params: dict[str, object], detail: str, trainer: Trainer, tmp_path: Path
) -> None:
    error = told(trainer, tmp_path, "def task(width: int): return make()", **params)
    assert error.detail == detail
    assert error.remedy == "it is task(width: int)"


@pytest.mark.parametrize("entry", ["bad", "nothing:task", "os:getcwd", "../bad:task"])
def test_an_entry_outside_the_folder_is_refused(entry: str, trainer: Trainer, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(GOOD)
    with pytest.raises(Failed, match="entry"):
        trainer.load(tmp_path, entry)


def test_prints_and_input_stay_out_of_the_talk(trainer: Trainer, tmp_path: Path) -> None:
    body = "import os, sys\nprint('hello'); os.write(1, b'{}'); assert sys.stdin.read() == ''\ndef task(): return make()"
    (tmp_path / "bad.py").write_text(GOOD + body)
    assert trainer.load(tmp_path, "bad:task").parameters == 5


def test_an_error_that_comes_late_is_still_the_users(trainer: Trainer, tmp_path: Path) -> None:
    body = """
    calls = 0
    def score(o, t):
        global calls
        calls += 1
        if calls > 60:
            raise RuntimeError("late")
        return (o - t).abs().mean()
    def task(): return make(metrics={"score": score})
    """
    (tmp_path / "bad.py").write_text(GOOD + textwrap.dedent(body).lstrip("\n"))
    trainer.load(tmp_path, "bad:task")
    with pytest.raises(Failed) as caught:
        trainer.train([lane(0, 1e-3, epochs=200)])
    assert (caught.value.error.file, caught.value.error.line) == ("bad.py", AT + 5)
