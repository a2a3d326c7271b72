"""``lrtune range-test``."""

from __future__ import annotations

import json
import sys
from typing import IO

import click

from lrtune import rangetest
from lrtune.cli import curve_file
from lrtune.cli.range_test_view import range_test_view
from lrtune.cli.session import console, jsonable
from lrtune.client import ArgumentError


@click.command(name="range-test")
@click.argument("file", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, for scripts.")
def range_test(file: IO[bytes], *, as_json: bool) -> None:
    """Read an LR range test that you ran: marks, bands, suggestion. Needs no server.

    FILE, or - for standard input, is CSV (a column of learning rates, then one of losses for each seed) or
    JSON ({"lr": […], "loss": [[…], …]}).
    """
    lr, loss = curve_file.read(file.read())
    try:
        found = rangetest.analyse(lr, loss)
    except rangetest.RangeTestError as error:
        raise ArgumentError("FILE", f"{error.field} {error.detail}.", f"{error.remedy}.") from None
    if as_json:
        click.echo(json.dumps(jsonable(found), indent=2, ensure_ascii=False))
    else:
        console(sys.stdout).print(range_test_view(found))
