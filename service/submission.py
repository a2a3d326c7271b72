"""Check a job request against what this server knows: parameters, optimizers, families, samplers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from lrtune import optimizers, schedules, search
from lrtune.bundle import params_schema
from lrtune.wire import FieldError, JobRequest, Task
from lrtune.wire.external import STEPS_MOST
from service.problems import field_problem
from store.tasks import EXTERNAL

ANY_TASK = "*"

OWN = re.compile(rf"{schedules.PREFIX}[^\W\d]\w*")
"""Names of schedules of a task's own."""


def check(request: JobRequest, task: Task, *, network_tasks: Sequence[str]) -> None:
    """Find everything wrong with ``request`` at once.

    Args:
        network_tasks: Names of tasks that may have the network, ``*`` for all.

    Raises:
        ProblemError: ``invalid_request`` with every field at fault.
    """
    errors = [
        *_mode(request, task),
        *_params(request, task),
        *_optimizer(request),
        *_schedules(request),
        *_sampler(request),
        *_network(request, task, network_tasks),
    ]
    if errors:
        raise field_problem(errors)


def _mode(request: JobRequest, task: Task) -> Iterator[FieldError]:
    """An external job needs a task without files, and its training described; any other neither."""
    outside = request.mode == "external"
    if outside != (task.entry == EXTERNAL):
        detail = f"Task {task.name} is trained by " + ("workers." if outside else "clients, not by workers.")
        remedy = (
            "Choose another name." if outside else 'Say "mode": "external", and train its trials yourself.'
        )
        yield FieldError(field="/task", detail=detail, remedy=remedy)
    if outside and request.external is None:
        remedy = 'Describe the training, e.g. "external": {"steps_per_epoch": 100}.'
        yield FieldError(field="/external", detail="It is missing.", remedy=remedy)
    for name in ("batch_sizes", "accumulate"):
        if outside and getattr(request.range_test, name):
            detail = "A training that stays outside has one batch size."
            yield FieldError(field=f"/range_test/{name}", detail=detail, remedy="Leave it out.")
    if outside and request.range_test.loss != "training":
        detail = "A training that stays outside reports its training loss along the sweep."
        yield FieldError(field="/range_test/loss", detail=detail, remedy="Leave it out.")
    if outside and request.batch_size is None:
        remedy = "Say how many examples a step sees: an answer holds for one batch size."
        yield FieldError(field="/batch_size", detail="It is missing.", remedy=remedy)
    if outside and request.accumulate is not None:
        detail = "The training stays outside, and accumulates as it does."
        yield FieldError(field="/accumulate", detail=detail, remedy="Leave it out.")
    if not outside and request.external is not None:
        detail = "It describes a training that stays outside."
        yield FieldError(field="/external", detail=detail, remedy='Say "mode": "external", or leave it out.')
    if outside and request.external is not None:
        steps = request.epochs * request.external.steps_per_epoch
        if steps > STEPS_MOST:
            yield FieldError(
                field="/external/steps_per_epoch",
                detail=f"A training of {steps:,} steps has more than {STEPS_MOST:,}.",
                remedy="Call several optimizer steps one: hold each LR for as many.",
            )


def _params(request: JobRequest, task: Task) -> Iterator[FieldError]:
    return params_schema.check(task.params_schema, request.params, "/params")


def _optimizer(request: JobRequest) -> Iterator[FieldError]:
    return optimizers.problems(request.optimizer)


def _schedules(request: JobRequest) -> Iterator[FieldError]:
    for number, name in enumerate(request.search.schedules):
        # Which schedules of its own a task has, only its trainer child can tell.
        if name not in schedules.FAMILIES and not (OWN.fullmatch(name) and request.mode != "external"):
            detail = f"There is no schedule family {name!r}."
            remedy = nearest(name, schedules.FAMILIES)
            yield FieldError(field=f"/search/schedules/{number}", detail=detail, remedy=remedy)


def _sampler(request: JobRequest) -> Iterator[FieldError]:
    name = request.search.sampler
    if name not in search.SAMPLERS:
        detail = f"There is no sampler {name!r}."
        yield FieldError(field="/search/sampler", detail=detail, remedy=nearest(name, search.SAMPLERS))


def networked(task: Task, names: Sequence[str]) -> bool:
    """Whether ``task`` may have the network, by the names of those that may."""
    return task.name in names or ANY_TASK in names


def _network(request: JobRequest, task: Task, names: Sequence[str]) -> Iterator[FieldError]:
    if request.network and not networked(task, names):
        yield FieldError(
            field="/network",
            detail=f"Task {task.name} may not use the network on this server.",
            remedy="Leave network out and bring the data with the task, or ask the server's operator to add "
            "the task to LRTUNE_NETWORK_TASKS.",
        )


def nearest(name: str, known: Iterable[str]) -> str:
    """The remedy for an unknown name: the name probably meant, and all there are."""
    names = sorted(known)
    near = get_close_matches(name.lower(), names, n=1)
    listed = f"Known: {', '.join(names)}." if names else "There are none yet."
    return f"Did you mean {near[0]!r}? {listed}" if near else listed
