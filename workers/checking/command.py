"""``lrtune check``; the lrtune command finds it by entry point."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from lrtune import optimizers
from lrtune.bundle import Bundle, BundleError, collect, params_schema
from lrtune.bundle import check as check_bundle
from lrtune.cli import exits
from lrtune.cli.keyvalue import KeyValue
from lrtune.cli.plain import plain
from lrtune.cli.push import read_requirements
from lrtune.cli.session import console
from lrtune.cli.submit import request as body_of
from lrtune.client import ArgumentError, InvalidRequest
from lrtune.sentence import sentence
from lrtune.wire import FieldError, JobError, JobRequest
from lrtune.wire.pointer import escape
from workers import secrecy, settings
from workers.checking.checkup import Checkup, checkup
from workers.checking.view import checkup_view, failure
from workers.device import resolve
from workers.sandbox.probe import probe

OF_THE_TASK = frozenset({"data", "requirements"})
"""Fields of a push that lie in the task's files, line or not."""


@click.command()
@click.argument("script", metavar="FILE[:ENTRY]")
@click.option(
    "--param", "params", type=KeyValue(), multiple=True, help="A parameter of the task; repeatable."
)
@click.option("--optimizer", metavar="NAME", help="torch.optim's class in lower case; adamw by default.")
@click.option(
    "--option", "options", type=KeyValue(), multiple=True, help="An option of the optimizer; repeatable."
)
@click.option("--epochs", type=int, help="Epochs of a full training; 20 by default.")
@click.option("--trials", type=int, help="Trials of the search; 60 by default.")
@click.option("--batch-size", type=int, help="Examples a step; the task's own by default.")
@click.option(
    "--include",
    multiple=True,
    metavar="PATH",
    help="A file or folder beside FILE that comes along; repeatable.",
)
@click.option(
    "--requirements",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A requirements file: packages the task needs beside the trainer's.",
)
@click.option("--network", is_flag=True, default=None, help="Let the task use the network.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, for scripts.")
def check(
    script: str, *, include: tuple[str, ...], requirements: Path | None, as_json: bool, **flags: Any
) -> None:
    """Try a training here, as a worker would run it: what is wrong, whether it fuses, what a job would cost.

    FILE is what `lrtune push` takes. It is trained for an epoch at most, in the strongest isolation of this
    machine; no server is needed. LRTUNE_DEVICE and the other settings of a worker hold.

    Exit status: 0 the task is fine, 1 it is not, 2 wrong input.
    """
    request = _request(**flags)
    try:
        bundle = _bundle(script, include, requirements)
    except BundleError as error:
        if error.line is None and error.field not in OF_THE_TASK:
            raise ArgumentError(error.field, error.detail, error.remedy) from None
        _fail(
            JobError(
                code="task_invalid",
                detail=error.detail,
                remedy=error.remedy,
                file=error.file,
                line=error.line,
            ),
            script,
            as_json=as_json,
        )
    errors = [
        *params_schema.check(bundle.params_schema, request.params, "/params"),
        *optimizers.problems(request.optimizer),
    ]
    if errors:
        raise InvalidRequest(errors)
    found = _checkup(bundle, request)
    if found.error is not None:
        _fail(found.error, script, as_json=as_json, found=found)
    if as_json:
        _say(found.model_dump(mode="json"))
    else:
        console(sys.stdout).print(checkup_view(found, script, request))


def _request(**flags: Any) -> JobRequest:
    """The request that the flags make.

    Raises:
        InvalidRequest: They make none.
    """
    try:
        return JobRequest.model_validate(body_of("check", {}, **flags))
    except ValidationError as error:
        raise InvalidRequest(
            [
                FieldError(
                    field="".join(f"/{escape(str(part))}" for part in each["loc"]),
                    detail=sentence(each["msg"]),
                )
                for each in error.errors()
            ]
        ) from None


def _bundle(script: str, include: Sequence[str], requirements: Path | None) -> Bundle:
    """What a server would make of a push.

    Raises:
        BundleError: It would refuse it.
    """
    found = collect(script, include=include)
    text = "" if requirements is None else read_requirements(requirements)
    return check_bundle(found.files, name=found.name, entry_point=found.entry, requirements_text=text)


def _checkup(bundle: Bundle, request: JobRequest) -> Checkup:
    secrecy.withdraw()
    try:
        chosen = resolve(settings.load(os.environ), shutil.which)
    except settings.SettingsError as error:
        raise click.ClickException(str(error)) from None
    # Whose machine it is may read all of it: there is no operator to ask.
    chosen = dataclasses.replace(chosen, data_paths=(Path("/"),))
    sandbox = probe(environ=os.environ, private=[], gpu=chosen.device != "cpu")
    return checkup(
        bundle,
        request,
        settings=chosen,
        sandbox=sandbox,
        environ=os.environ,
        log=lambda line: click.echo(plain(line), err=True),
    )


def _fail(error: JobError, script: str, *, as_json: bool, found: Checkup | None = None) -> None:
    """Say what is wrong with the task, and end.

    Raises:
        Exit: Always.
    """
    if as_json:
        _say({"error": error.model_dump(mode="json")} if found is None else found.model_dump(mode="json"))
    else:
        failure(console(sys.stderr), error, script)
    raise click.exceptions.Exit(exits.ERROR)


def _say(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
