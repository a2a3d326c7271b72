"""``lrtune submit``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import IO, Any

import click

from lrtune.cli.answer_view import answer_view
from lrtune.cli.keyvalue import KeyValue
from lrtune.cli.session import Session, connected
from lrtune.cli.watch import wait
from lrtune.client import ArgumentError, JobHandle, Result

FIELDS = {
    "epochs": ("epochs",),
    "batch_size": ("batch_size",),
    "micro_batches": ("accumulate",),
    "precision": ("precision",),
    "metric": ("metric", "name"),
    "goal": ("metric", "goal"),
    "min_lr": ("range_test", "min_lr"),
    "max_lr": ("range_test", "max_lr"),
    "steps_per_decade": ("range_test", "steps_per_decade"),
    "range_seeds": ("range_test", "seeds"),
    "range_loss": ("range_test", "loss"),
    "batch_sizes": ("range_test", "batch_sizes"),
    "accumulate": ("range_test", "accumulate"),
    "trials": ("search", "trials"),
    "schedules": ("search", "schedules"),
    "sampler": ("search", "sampler"),
    "prune": ("search", "prune"),
    "stop_early": ("search", "stop_early"),
    "transfer": ("search", "transfer"),
    "seed": ("search", "seed"),
    "finalists": ("confirm", "finalists"),
    "confirm_seeds": ("confirm", "seeds"),
    "max_parallel": ("max_parallel",),
    "priority": ("priority",),
    "network": ("network",),
    "mode": ("mode",),
    "steps_per_epoch": ("external", "steps_per_epoch"),
    "default_lr": ("external", "default_lr"),
    "tags": ("tags",),
}
"""Where in the request a flag's value goes."""


class Names(click.ParamType[tuple[str, ...]]):
    """Names with commas between them."""

    name = "a,b"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(name.strip() for name in str(value).split(",") if name.strip())


class Numbers(click.ParamType[tuple[int, ...]]):
    """Whole numbers with commas between them."""

    name = "1,2"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(int(number) for number in str(value).split(",") if number.strip())
        except ValueError:
            self.fail(f"{value!r} is not whole numbers with commas between them, e.g. 32,64,128", param, ctx)


@click.command()
@click.argument("task", required=False)
@click.option(
    "--param", "params", type=KeyValue(), multiple=True, help="A parameter of the task; repeatable."
)
@click.option("--optimizer", metavar="NAME", help="torch.optim's class in lower case; adamw by default.")
@click.option(
    "--option", "options", type=KeyValue(), multiple=True, help="An option of the optimizer; repeatable."
)
@click.option("--epochs", type=int, help="Epochs of a full training; 20 by default.")
@click.option("--batch-size", type=int, help="Examples a step; the task's own by default.")
@click.option("--micro-batches", type=int, metavar="N", help="That make a step; the task's own by default.")
@click.option("--precision", metavar="NAME", help="float32, bf16 or fp16; the task's own by default.")
@click.option("--metric", metavar="NAME", help="What a training is judged by; loss by default.")
@click.option("--goal", type=click.Choice(["minimize", "maximize"]), help="minimize by default.")
@click.option("--trials", type=int, help="Trials of the search; 60 by default.")
@click.option("--schedules", type=Names(), help="Families to search; all by default.")
@click.option("--sampler", metavar="NAME", help="How the search proposes settings; gp by default.")
@click.option("--prune/--no-prune", default=None, help="Stop hopeless trials early; on by default.")
@click.option(
    "--stop-early/--no-stop-early",
    default=None,
    help="End the search once more trials would not change the answer; on by default.",
)
@click.option(
    "--transfer/--no-transfer",
    default=None,
    help="Begin with what the team's earlier answers suggest; on by default.",
)
@click.option("--seed", type=int, help="Seed of the search: the same seed gives the same trials.")
@click.option("--min-lr", type=float, help="Lower end of the range test; 1e-7 by default.")
@click.option("--max-lr", type=float, help="Upper end of the range test; 10 by default.")
@click.option("--steps-per-decade", type=int, help="Steps of the range test for each factor of ten; 25.")
@click.option("--range-seeds", type=int, help="Seeds of the range test; 5 by default.")
@click.option(
    "--range-loss",
    type=click.Choice(["training", "validation"]),
    help="The loss along the range test; training by default.",
)
@click.option(
    "--batch-sizes", type=Numbers(), help="Sweep these batch sizes too: how does the LR grow with the batch?"
)
@click.option("--accumulate", type=Numbers(), help="The same for so many batches a step, e.g. 2,4,8.")
@click.option("--finalists", type=int, help="Settings that are confirmed at the end; 3 by default.")
@click.option("--confirm-seeds", type=int, help="Fresh seeds they are confirmed on; 5 by default.")
@click.option("--max-parallel", type=int, metavar="N", help="Workers that share the job at most.")
@click.option(
    "--network", is_flag=True, default=None, help="Let the task use the network, if the server allows it so."
)
@click.option("--priority", type=int, metavar="N", help="From -10 to 10, 0 by default; more only for admins.")
@click.option(
    "--external", "mode", flag_value="external", help="Its trials are trained outside, by clients that ask."
)
@click.option("--steps-per-epoch", type=int, help="Optimizer steps of an epoch, with --external.")
@click.option("--default-lr", type=float, help="LR used without tuning, with --external.")
@click.option("--tag", "tags", multiple=True, help="A tag of the job; repeatable.")
@click.option("--file", "file", type=click.File("rb"), help="A request as JSON, - for stdin; flags win.")
@click.option("--idempotency-key", metavar="TEXT", help="The same key and request give the same job again.")
@click.option("--wait", "waits", is_flag=True, help="Follow the job to its end and print its answer.")
@connected
def submit(
    session: Session,
    *,
    task: str | None,
    file: IO[bytes] | None,
    idempotency_key: str | None,
    waits: bool,
    **flags: Any,
) -> None:
    """Post a job: which learning rate, and which decay, does TASK want?

    What is not given has a default. The server checks everything before it accepts the job.
    """
    body = request(task, {} if file is None else read(file), **flags)
    named = body.pop("task", None)
    if not isinstance(named, str):
        raise click.UsageError("Name a TASK, or give a --file with one. `lrtune tasks` lists them.")
    handle = session.client.submit(named, idempotency_key=idempotency_key, **body)
    if waits:
        _wait(session, handle)
    elif session.json:
        session.say(handle.job)
    else:
        session.out.print(f"Job {handle.id} is {handle.job.state.value}. Follow it: lrtune watch {handle.id}")


def _wait(session: Session, handle: JobHandle) -> None:
    """Progress goes to standard error, so that standard output holds the answer alone."""
    result: Result = handle.wait() if session.json else wait(session, handle.job, session.err)
    if session.json:
        session.say({"job": result.job, "answer": result.answer})
    else:
        session.out.print(answer_view(result.answer))


def read(file: IO[bytes]) -> dict[str, Any]:
    """A request from a file.

    Raises:
        ArgumentError: It is no JSON object.
    """
    name = getattr(file, "name", "standard input")
    try:
        found = json.loads(file.read())
    except ValueError as error:
        raise ArgumentError("--file", f"{name} is not JSON ({error}).", "Mend it there.") from None
    if not isinstance(found, dict):
        raise ArgumentError("--file", f"{name} holds no JSON object.", 'Begin with {"task": "…"}.')
    return found


def request(
    task: str | None,
    base: dict[str, Any],
    *,
    params: Sequence[tuple[str, Any]] = (),
    optimizer: str | None = None,
    options: Sequence[tuple[str, Any]] = (),
    **flags: Any,
) -> dict[str, Any]:
    """The body of ``POST /v1/jobs``: ``base`` with the flags over it; flags that are None say nothing.

    Another optimizer than the base's does not inherit its options.
    """
    body = dict(base)
    if task is not None:
        body["task"] = task
    if params:
        body["params"] = _part(body, "params") | dict(params)
    if optimizer is not None:
        kept = _part(body, "optimizer")
        body["optimizer"] = kept if kept.get("name") == optimizer else {"name": optimizer}
    if options:
        body["optimizer"] = _part(body, "optimizer") | dict(options)
    for flag, (part, *field) in FIELDS.items():
        value = flags.get(flag)
        if value is None or value == ():
            continue
        plain = list(value) if isinstance(value, tuple) else value
        body[part] = _part(body, part) | {field[0]: plain} if field else plain
    return body


def _part(body: dict[str, Any], name: str) -> dict[str, Any]:
    """An object within the body.

    Raises:
        ArgumentError: The file holds something else there.
    """
    found = body.get(name, {})
    if not isinstance(found, dict):
        raise ArgumentError("--file", f"its {name} is not an object.", "Give an object, or leave it out.")
    return dict(found)
