"""The child: takes orders, runs the user's task, answers."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from lrtune.data.places import provide
from lrtune.loops import Loop
from lrtune.task import Task, TaskError
from workers.protocol import (
    TEXT_MAX,
    Continue,
    Crashed,
    Done,
    Load,
    Loaded,
    NotSaved,
    Order,
    Reports,
    Save,
    Saved,
    Sweep,
    Train,
    Unfit,
    Working,
)
from workers.trainer import checkpoint
from workers.trainer.attributes import Unsaved
from workers.trainer.budget import data_budget
from workers.trainer.channel import Channel, Closed
from workers.trainer.contract import build_workload
from workers.trainer.errors import UserError, job_error
from workers.trainer.loop import train
from workers.trainer.memory import peak
from workers.trainer.own_schedules import rows, starting
from workers.trainer.owned import REASON, OwnedLoop
from workers.trainer.place import Place, place_of
from workers.trainer.probe import Plan, probe
from workers.trainer.sweep import sweep
from workers.trainer.userfile import load_task, user_modules
from workers.trainer.workload import Workload

WORKING_EVERY_S = 1.0


class Child:
    """One trainer child and the task it has loaded."""

    def __init__(self, channel: Channel, clock: Callable[[], float] = time.monotonic) -> None:
        self._channel = channel
        self._clock = clock
        self._told_at = clock()
        self._device = torch.device("cpu")
        self._folder = Path()
        self._entry = ""
        self._task: Task | None = None
        self._workload: Workload | None = None
        self._plan = Plan("sequential", 1)
        self._owned: OwnedLoop | None = None

    def serve(self) -> None:
        """Follow orders until the worker closes the socket."""
        try:
            while True:
                order = self._channel.receive()
                try:
                    self._follow(order)
                except Closed:
                    raise
                except Exception as error:  # the boundary: whatever went wrong is told to the worker
                    self._channel.send(Crashed(error=job_error(error, self._folder, self._place(error))))
        except Closed:
            return

    def _follow(self, order: Order) -> None:
        match order:
            case Load():
                self._load(order)
            case Sweep():
                self._sweep(order)
            case Train():
                self._train(order)
            case _:
                raise ValueError(f"a {order.type} order out of turn")

    def _load(self, order: Load) -> None:
        torch.set_num_threads(order.threads)
        self._folder, self._entry = Path(order.folder), order.entry
        self._task = self._workload = self._owned = None
        self._device = device = torch.device(order.device)
        self._working("load", 0, 3)
        provide(self._folder, {name: Path(path) for name, path in order.data.items()})
        task = load_task(self._folder, order.entry, order.params)
        self._working("load", 1, 3)
        if isinstance(task, Loop):
            owned = OwnedLoop(
                task,
                order.optimizer,
                order.batch_size,
                accumulate=order.accumulate,
                precision=order.precision,
            )
            self._load_owned(owned, device)
            return
        task = replace(
            task,
            accumulate=order.accumulate or task.accumulate,
            precision=order.precision or task.precision,
        )
        self._task = task
        own = rows(task.schedules)
        workload = build_workload(
            task,
            optimizer=order.optimizer,
            batch_size=order.batch_size,
            device=device,
            modules=user_modules(self._folder),
            budget=data_budget(device, order.memory_bytes),
        )
        self._working("load", 2, 3)
        plan = probe(
            workload,
            clock=time.process_time if device.type == "cpu" else time.perf_counter,
            length=order.length,
            choice=order.choice,
        )
        self._workload, self._plan = workload, plan
        model = workload.fresh_model(0)
        self._channel.send(
            Loaded(
                steps_per_epoch=workload.steps_per_epoch,
                batch_size=workload.batch_size,
                train_size=workload.train.size,
                valid_size=workload.valid.size,
                metrics=list(task.metrics),
                parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
                default_lr=workload.row.default_lr,
                **plan.choice.model_dump(),
                reason=plan.reason and plan.reason[:TEXT_MAX],
                timings=plan.timings,
                device=_device_name(device),
                precision=task.precision,
                schedules=own,
                accumulate=task.accumulate,
                versions=_versions(),
                memory=peak(device),
            )
        )

    def _load_owned(self, owned: OwnedLoop, device: torch.device) -> None:
        self._owned, loop = owned, owned.loop
        self._channel.send(
            Loaded(
                steps_per_epoch=loop.steps_per_epoch,
                batch_size=loop.batch_size,
                train_size=loop.steps_per_epoch * loop.batch_size,
                valid_size=0,
                metrics=list(loop.metrics),
                parameters=0,
                default_lr=owned.default_lr,
                mode="owned",
                lanes=1,
                reason=REASON,
                device=_device_name(device),
                precision=loop.precision,
                versions=_versions(),
                memory=peak(device),
            )
        )

    def _sweep(self, order: Sweep) -> None:
        if self._owned is not None:
            if order.loss != "training":
                raise TaskError(
                    "range_test.loss",
                    "asks for the validation loss along the sweep, but this task trains itself",
                    'ask for "training": a loop of your own tells its training loss alone',
                )
            for seed in order.seeds:
                self._channel.send(self._owned.sweep(order.lrs, seed, self._working))
            self._channel.send(Done(memory=peak(self._device)))
            return
        usual = self._loaded()
        workload = usual.sized(order.batch_size, order.accumulate)
        # Larger batches take more memory than was tried, and a compiled step is for batches of one size.
        lanes = max(1, self._plan.lanes * usual.batch_size // max(usual.batch_size, workload.batch_size))
        plan = self._plan if workload is usual else replace(self._plan, compiled=None)
        for start in range(0, len(order.seeds), lanes):
            seeds = order.seeds[start : start + lanes]
            population = plan.build(workload)
            for curve in sweep(
                workload, population, order.lrs, seeds, self._working, validation=order.loss == "validation"
            ):
                self._channel.send(curve)
        self._channel.send(Done(memory=peak(self._device)))

    def _train(self, order: Train) -> None:
        if self._owned is not None:
            for lane in order.lanes:
                end = self._owned.train(lane, order.metric, self._exchange, self._working)
                self._channel.send(end)
            self._channel.send(Done(memory=peak(self._device)))
            return
        workload = self._loaded()
        makers = self._makers(workload, order)
        resume = None
        if order.resume is not None:
            try:
                resume = checkpoint.read(Path(order.resume), makers, self._device)
            except checkpoint.Misfit as why:
                self._channel.send(Unfit(reason=str(why)[:TEXT_MAX]))
                return
        train(
            workload,
            self._plan.build(workload),
            self._plan.lanes,
            order.lanes,
            order.metric,
            start=starting(workload.task.schedules),
            finish=self._channel.send,
            exchange=self._exchange,
            working=self._working,
            save=partial(self._save, makers),
            resume=resume,
        )
        self._channel.send(Done(memory=peak(self._device)))

    def _makers(self, workload: Workload, order: Train) -> checkpoint.Makers:
        """What decides how the order's trainings go on."""
        return {
            "lrtune": version("lrtune"),
            **_versions(),
            "device": _device_name(self._device),
            **self._plan.choice.model_dump(),
            "batch_size": workload.batch_size,
            "steps_per_epoch": workload.steps_per_epoch,
            "optimizer": workload.optimizer,
            "options": workload.options,
            "precision": workload.task.precision,
            "trainings": [lane.model_dump(mode="json") for lane in order.lanes],
        }

    def _save(self, makers: checkpoint.Makers, asked: Save, state: Callable[[], dict[str, Any]]) -> None:
        try:
            checkpoint.write(Path(asked.path), makers, state, asked.most_bytes)
        except Unsaved as why:
            self._channel.send(NotSaved(reason=str(why)[:TEXT_MAX]))
        else:
            self._channel.send(Saved())

    def _place(self, error: Exception) -> Place | None:
        match error:
            case TaskError(field=field) | UserError(stage=field):
                return place_of(field, self._task, self._folder, self._entry)
            case _:
                return None

    def _loaded(self) -> Workload:
        if self._workload is None:
            raise ValueError("an order before any task was loaded")
        return self._workload

    def _exchange(self, reports: Reports) -> Continue:
        self._channel.send(reports)
        answer = self._channel.receive()
        if not isinstance(answer, Continue):
            raise ValueError(f"a {answer.type} order where continue was due")
        return answer

    def _working(self, what: str, done: int, total: int) -> None:
        """Give a sign of life, at most one a second."""
        now = self._clock()
        if now - self._told_at >= WORKING_EVERY_S:
            self._told_at = now
            self._channel.send(Working(what=what, done=done, total=total))


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu ({platform.machine()})"


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version(), "torch": str(torch.__version__)}
    if torch.version.cuda:
        versions["cuda"] = torch.version.cuda
    return versions
