"""What a worker and its trainer child say to each other: one JSON object a line over a socket pair.

The child runs the user's code, so every line it sends is checked here before the worker believes it; there
is no pickle. The worker asks (``Load``, ``Sweep``, ``Train``); the child answers with any number of
``Working`` lines and then with what was asked for. During ``Train`` the child sends ``Reports`` at the end of
each round (every active lane advanced by one epoch) and waits for ``Continue`` before it goes on, which may
also ask for a checkpoint. A closed socket tells it to leave.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator

from lrtune.schedules import FamilyRow
from lrtune.task import SCHEDULES_MAX
from lrtune.wire import JobError, OptimizerSpec, Report, Setting, TrialState
from lrtune.wire.base import Precision
from lrtune.wire.trial import VALUE_NAME_MAX, VALUES_MAX

LINE_MAX_BYTES = 16 * 1024 * 1024
"""A longer line ends the child: it is broken or hostile."""


NUMBER_MAX = 2**53
LANES_MAX = 4096
TEXT_MAX = 4000
TRACEBACK_MAX = 40_000

Count = Annotated[int, Field(ge=0, le=NUMBER_MAX)]
Positive = Annotated[int, Field(ge=1, le=NUMBER_MAX)]
Word = Annotated[str, Field(max_length=200)]
Text = Annotated[str, Field(max_length=TEXT_MAX)]
ValueName = Annotated[str, Field(min_length=1, max_length=VALUE_NAME_MAX)]


class Message(BaseModel):
    """A line; unknown fields are errors, since both ends are of one version. What a child tells is bounded:
    it goes to the database, and into the planning of its job."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Mode = Literal["fused", "sequential", "owned"]
"""How lanes run: fused into one computation, one by one, or each in a loop of the user's own."""


class Length(Message):
    """How much a job trains: ``epochs`` of all its trainings, at most ``unit_lanes`` of them in an order."""

    epochs: int = 0
    unit_lanes: int = 8


class Choice(Message):
    """How the lanes of a job run, how many at once, by a compiled step or not."""

    mode: Mode
    lanes: int
    compiled: bool = False


class Load(Message):
    """Import ``entry`` (``module:function``) from ``folder`` and build the task; answered by ``Loaded``.

    ``memory_bytes`` is what the child may use in all; data sets beyond a share of it are streamed. ``choice``
    is what an earlier child of the job chose, which decides the last bits of its trainings.
    ``data`` holds the paths of what the task declares, by name.
    """

    type: Literal["load"] = "load"
    folder: str
    entry: str
    params: dict[str, Any]
    data: dict[str, str] = Field(default_factory=dict)
    optimizer: OptimizerSpec
    batch_size: int | None
    accumulate: int | None = None
    precision: Precision | None = None
    device: str
    threads: int
    memory_bytes: int | None = None
    length: Length = Length()
    choice: Choice | None = None


class Sweep(Message):
    """Run the LR sweep for each seed; answered by one ``Swept`` a seed, then ``Done``.

    ``batch_size`` is the job's own when None; ``accumulate`` times as many micro-batches as usual make one.
    """

    type: Literal["sweep"] = "sweep"
    lrs: list[float]
    seeds: list[int]
    loss: Literal["training", "validation"] = "training"
    batch_size: int | None = None
    accumulate: int = 1


class Lane(Message):
    """One training: ``number`` is the trial's, ``epochs`` its horizon."""

    number: int
    setting: Setting
    seed: int
    epochs: int


class Train(Message):
    """Train all lanes; answered by ``Reports`` each round, ``Finished`` a lane, then ``Done``.

    ``resume`` is the path of a checkpoint that the same order has written, to go on from with the lanes that
    were left then; one that does not fit is answered by ``Unfit``, and nothing has been trained then.
    """

    type: Literal["train"] = "train"
    lanes: list[Lane]
    metric: str
    resume: str | None = None


class Save(Message):
    """Write a checkpoint to ``path``, of ``most_bytes`` at the most."""

    path: str
    most_bytes: int


class Continue(Message):
    """The worker's answer to ``Reports``: lanes to stop now (pruned).

    ``save`` asks for a checkpoint before the next round. It is answered by ``Saved`` or ``NotSaved``, unless
    no lane is left.
    """

    type: Literal["continue"] = "continue"
    stop: list[int] = Field(default_factory=list)
    save: Save | None = None


class Memory(Message):
    """The most bytes that the child has held: of the machine's memory, and of its GPU's if it uses one."""

    host_bytes: Count
    gpu_bytes: Count | None = None


class Loaded(Message):
    """The task is built.

    ``mode``, ``lanes`` and ``compiled`` say how lanes run, ``reason`` why not fused or not compiled,
    ``timings`` is the probe's table.
    """

    type: Literal["loaded"] = "loaded"
    steps_per_epoch: Positive
    batch_size: Positive
    train_size: Positive
    valid_size: Count
    metrics: Annotated[list[ValueName], Field(max_length=VALUES_MAX)]
    parameters: Count
    default_lr: Annotated[float, Field(gt=0)]
    mode: Mode
    lanes: Annotated[int, Field(ge=1, le=LANES_MAX)]
    compiled: bool = False
    reason: Text | None = None
    timings: Annotated[dict[Word, float], Field(max_length=100)] = Field(default_factory=dict)
    device: Word
    precision: Word
    schedules: Annotated[list[FamilyRow], Field(max_length=SCHEDULES_MAX)] = Field(default_factory=list)
    accumulate: int = 1
    versions: Annotated[dict[Word, Word], Field(max_length=100)]
    memory: Memory | None = None


class Working(Message):
    """A sign of life inside a long step: what, how far."""

    type: Literal["working"] = "working"
    what: Word
    done: Count
    total: Count


class Swept(Message):
    """One seed's raw losses, one per LR asked; null from divergence on."""

    type: Literal["swept"] = "swept"
    seed: int
    loss: list[float | None]


class LaneReport(Message):
    """One lane after one epoch."""

    number: int
    report: Report

    @field_validator("report")
    @classmethod
    def _bounded(cls, report: Report) -> Report:
        if not 1 <= report.epoch <= report.step <= NUMBER_MAX or not math.isfinite(report.lr):
            raise ValueError("epoch, step or LR out of bounds")
        if len(report.values) > VALUES_MAX or any(len(name) > VALUE_NAME_MAX for name in report.values):
            raise ValueError("too many values, or one with a long name")
        if not all(value is None or math.isfinite(value) for value in report.values.values()):
            raise ValueError("a value that is not finite, and not null")
        return report


class Reports(Message):
    """A round is over: every active lane after its epoch."""

    type: Literal["reports"] = "reports"
    rows: list[LaneReport]


class Finished(Message):
    """A lane ended: ``complete`` with its value, ``pruned`` as told, or ``diverged``."""

    type: Literal["finished"] = "finished"
    number: int
    state: TrialState
    value: float | None = None


class Saved(Message):
    """A checkpoint has been written."""

    type: Literal["saved"] = "saved"


class NotSaved(Message):
    """No checkpoint could be written; why, as the end of a sentence."""

    type: Literal["not_saved"] = "not_saved"
    reason: Text


class Unfit(Message):
    """The checkpoint can't be resumed here; why, as the end of a sentence."""

    type: Literal["unfit"] = "unfit"
    reason: Text


class Done(Message):
    """All that was asked is answered."""

    type: Literal["done"] = "done"
    memory: Memory | None = None


class Crashed(Message):
    """The user's code raised, or the task breaks the contract."""

    type: Literal["crashed"] = "crashed"
    error: JobError

    @field_validator("error")
    @classmethod
    def _bounded(cls, error: JobError) -> JobError:
        texts = (error.code, error.detail, error.remedy or "", error.file or "")
        if any(len(text) > TEXT_MAX for text in texts) or len(error.traceback or "") > TRACEBACK_MAX:
            raise ValueError("a text that is too long")
        if error.line is not None and not 0 <= error.line <= NUMBER_MAX:
            raise ValueError("a line out of bounds")
        return error


Order = Annotated[Load | Sweep | Train | Continue, Field(discriminator="type")]
Reply = Annotated[
    Loaded | Working | Swept | Reports | Finished | Saved | NotSaved | Unfit | Done | Crashed,
    Field(discriminator="type"),
]
ORDER: TypeAdapter[Order] = TypeAdapter(Order)
REPLY: TypeAdapter[Reply] = TypeAdapter(Reply)
