"""``lrtune completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands and flags: put it where the shell reads it at its start.

    For example `eval "$(lrtune completion bash)"` in ~/.bashrc.
    """
    made = get_completion_class(shell)
    if made is None:  # a click without this shell
        raise click.ClickException(f"The installed click knows no {shell}. Upgrade it: pip install -U click")
    click.echo(made(context.find_root().command, {}, "lrtune", "_LRTUNE_COMPLETE").source())
