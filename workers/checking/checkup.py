"""Tries a task: starts the trainer in the sandbox, loads the task, trains an epoch if that is short."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing

from lrtune.bundle import Bundle
from lrtune.planned import cost
from lrtune.wire import Isolation, JobError, JobRequest, Resource, Setting
from workers import facts
from workers.child import Child, ChildDied
from workers.facts import Facts
from workers.limits import LimitExceeded
from workers.protocol import (
    Continue,
    Crashed,
    Done,
    Lane,
    Length,
    Loaded,
    Memory,
    Order,
    Reply,
    Reports,
    Sweep,
    Train,
)
from workers.provision import Unprovided, provision
from workers.sandbox.folder import Folder
from workers.sandbox.sandbox import Sandbox
from workers.settings import Settings
from workers.starting import load_order, start

EPOCH_MOST_S = 20.0
"""An epoch that would take longer is not trained."""

SWEEP_STEPS = 4
BELOW = 0.1
"""The sweep of an owned loop stays at a tenth of its default LR, where nothing diverges."""

TRIALS = Length().unit_lanes
"""Trainings that are tried at once: as many as a job trains in a usual unit."""


class Cost(Resource):
    """What a job would cost at most: ``full_runs`` are its steps in trainings of full length, ``seconds`` its
    time on one worker like this machine."""

    trainings: int
    epochs: int
    steps: int
    full_runs: float
    seconds: float


class Checkup(Resource):
    """What was found: either ``error``, or all the rest.

    ``steps_per_s`` counts the steps of ``trainings`` together: over an epoch with its validation if
    ``epoch_tried``, else over a few steps of as many as run at once.
    """

    entry: str
    files: list[str]
    size: int
    isolation: Isolation
    error: JobError | None = None
    engine: Facts | None = None
    epoch_tried: bool = False
    trainings: int = 1
    steps_per_s: float | None = None
    memory: Memory | None = None
    cost: Cost | None = None


class _Failed(Exception):  # noqa: N818 - the task's error, on its way out
    def __init__(self, error: JobError) -> None:
        super().__init__(error.detail)
        self.error = error


def checkup(
    bundle: Bundle,
    request: JobRequest,
    *,
    settings: Settings,
    sandbox: Sandbox,
    environ: Mapping[str, str],
    log: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> Checkup:
    """Try a task as a worker would train it for ``request``.

    Args:
        log: Given each line that the task prints, and of the building of what it needs.
        clock: Monotonic seconds.
    """
    found = Checkup(
        entry=bundle.entry,
        files=list(bundle.files),
        size=sum(map(len, bundle.files.values())),
        isolation=sandbox.level,
    )
    try:
        with ExitStack() as stack:
            made = provision(bundle, settings, environ, tick=_tick, log=log)
            stack.callback(made.release)
            folder = stack.enter_context(closing(Folder(sandbox.layers.uid)))
            child = start(bundle.files, folder, made, sandbox, settings, environ, network=request.network)
            stack.callback(child.kill)
            # Of no length, so that nothing is compiled: that may take minutes.
            order = load_order(folder, made, bundle.entry, request, settings, length=Length())
            return found.model_copy(update=_try(child, order, request, log, clock))
    except ChildDied as error:
        return found.model_copy(update={"error": error.error()})
    except (Unprovided, LimitExceeded, _Failed) as error:
        return found.model_copy(update={"error": error.error})


def _try(
    child: Child, order: Order, request: JobRequest, log: Callable[[str], None], clock: Callable[[], float]
) -> dict[str, object]:
    """Load, sweep a few steps in a loop that users own, train an epoch if that is short."""
    loaded = next(reply for reply in _replies(child, order, log) if isinstance(reply, Loaded))
    memory = loaded.memory
    owned = loaded.mode == "owned"
    if owned:
        sweep = Sweep(lrs=[loaded.default_lr * BELOW] * SWEEP_STEPS, seeds=[0])
        begun_at = clock()
        memory = _done(child, sweep, log) or memory
        # A sweep takes one step more than it has learning rates.
        rate = (SWEEP_STEPS + 1) / max(clock() - begun_at, 1e-9)
    else:
        rate = list(loaded.timings.values())[-1]
    lanes = 1 if owned else TRIALS
    tried = lanes * loaded.steps_per_epoch / rate <= EPOCH_MOST_S
    if tried:
        setting = Setting(schedule="constant", initial_lr=loaded.default_lr)
        train = Train(
            lanes=[Lane(number=n, setting=setting, seed=n, epochs=1) for n in range(lanes)], metric="loss"
        )
        begun_at = clock()
        memory = _done(child, train, log) or memory
        rate = lanes * loaded.steps_per_epoch / max(clock() - begun_at, 1e-9)
    asked = cost(request)
    steps = asked.steps(loaded.steps_per_epoch)
    return {
        "engine": facts.of(loaded),
        "epoch_tried": tried,
        "trainings": lanes,
        "steps_per_s": rate,
        "memory": memory,
        "cost": Cost(
            trainings=asked.trainings,
            epochs=asked.epochs,
            steps=steps,
            full_runs=steps / (request.epochs * loaded.steps_per_epoch),
            seconds=steps / rate,
        ),
    }


def _done(child: Child, order: Order, log: Callable[[str], None]) -> Memory | None:
    """Have an order followed to its end."""
    memory = None
    for reply in _replies(child, order, log):
        if isinstance(reply, Reports):
            child.send(Continue())
        if isinstance(reply, Done):
            memory = reply.memory
    return memory


def _replies(child: Child, order: Order, log: Callable[[str], None]) -> Iterator[Reply]:
    child.send(order)
    for reply in child.replies(tick=_tick, log=log):
        if isinstance(reply, Crashed):
            raise _Failed(reply.error)
        yield reply


def _tick() -> None:
    """Nobody else has a say in a check; Ctrl-C ends it by itself."""
