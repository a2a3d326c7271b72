"""What a succeeded job found, ready to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lrtune.client.errors import ArgumentError
from lrtune.wire import Answer, Job, Phase, RangeTest, Trial

if TYPE_CHECKING:
    from lrtune.client.client import Client
    from lrtune.plots.canvas import Drawing

What = Literal["range_test", "scaling", "schedules"]
"""What there is a picture of; ``scaling`` of a job that swept several batch sizes."""


@dataclass(frozen=True)
class Picture:
    """A PNG; a notebook shows it where it is the value of a cell."""

    png: bytes

    def save(self, path: str | Path) -> Path:
        """Write it to a file, and give back where."""
        path = Path(path)
        path.write_bytes(self.png)
        return path

    def _repr_png_(self) -> bytes:
        return self.png


class Result:
    """A succeeded job with its answer; everything else is read from the server when it is first asked for.

    Attributes:
        job: The job as it ended.
        answer: The confirmed LR and schedule, with their evidence.
    """

    def __init__(self, client: Client, job: Job, answer: Answer) -> None:
        self._client = client
        self.job = job
        self.answer = answer

    @cached_property
    def range_test(self) -> RangeTest:
        """Marks, bands and the raw curves."""
        return self._client.range_test(self.job.id)

    def trials(self, phase: Phase | None = None) -> Iterator[Trial]:
        """The job's trials by number."""
        return self._client.trials(self.job.id, phase=phase)

    def code(self, framework: str = "pytorch") -> str:
        """Optimizer and LR schedule to paste; ``framework`` is a key of ``lrtune.schedules.EXPORTS``."""
        return self._client.code(self.job.id, framework)

    def plot(self, what: What = "schedules") -> Drawing:
        """The range test with its bands, LR against batch size, or the answer's schedule beside what it was
        compared with.

        A matplotlib figure, drawn here from the job's data; a notebook shows it.

        Raises:
            ArgumentError: matplotlib is not installed, or the job swept one batch size alone.
        """
        try:
            from lrtune.plots import range_test_figure, scaling_figure, schedules_figure
        except ModuleNotFoundError:
            raise ArgumentError(
                "plot", "matplotlib is not installed.", "pip install 'lrtune[plot]', or use picture()."
            ) from None
        if what == "range_test":
            return range_test_figure(self.range_test)
        if what == "scaling":
            if not self.range_test.scaling:
                raise ArgumentError(
                    "plot",
                    f"Job {self.job.id} swept one batch size alone.",
                    "Submit a job with range_test.batch_sizes or range_test.accumulate.",
                )
            return scaling_figure(self.range_test.scaling)
        return schedules_figure(self.answer, list(self.trials(Phase.CONFIRM)))

    def picture(self, what: What = "schedules") -> Picture:
        """The same as a PNG that the server has drawn; needs no matplotlib."""
        draw = {
            "range_test": self._client.range_test_png,
            "scaling": self._client.scaling_png,
            "schedules": self._client.schedules_png,
        }[what]
        return Picture(draw(self.job.id))

    def __repr__(self) -> str:
        return f"<Result of job {self.job.id}: {self.answer.verdict}>"
