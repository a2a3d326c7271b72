"""``lrtune serve`` and ``lrtune migrate``; the lrtune command finds them by entry point."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from lrtune import logs, tracing
from service import server, settings
from service.home import HomeError
from store import errors
from store import migrate as migrate_store

DATABASE_URL = click.option(
    "--database-url", metavar="URL", help="sqlite:///FILE or postgresql://…  [env: LRTUNE_DATABASE_URL]"
)


@click.command()
@click.option("--host", help="Address to listen on; 127.0.0.1 by default.  [env: LRTUNE_HOST]")
@click.option("--port", type=int, help="Port to listen on, 0 for a free one.  [env: LRTUNE_PORT]")
@DATABASE_URL
@click.option("--workers", type=int, metavar="N", help="Local workers to keep alive.  [env: LRTUNE_WORKERS]")
def serve(**flags: Any) -> None:
    """Serve the HTTP API, and keep local workers alive.

    State lives in one data directory, ~/.lrtune or LRTUNE_HOME. Ctrl-C drains: open requests and units of
    work end well.
    """
    with one_line_errors():
        chosen = settings.load(os.environ, **flags)
        logs.configure(chosen.log_format)
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        tracing.configure(os.environ, "lrtune-server")
        server.serve(chosen, say=click.echo)


@click.command()
@DATABASE_URL
def migrate(**flags: Any) -> None:
    """Bring the database's schema up to date. Running it again, or twice at once, is safe."""
    with one_line_errors():
        chosen = settings.load(os.environ, **flags)
        chosen.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        migrate_store(chosen.database_url)
        click.echo("The database's schema is up to date.")


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Errors that are nobody's mistake in lrtune end as one line on standard error."""
    try:
        yield
    except (settings.SettingsError, server.ServeError, HomeError, tracing.TracingError) as error:
        raise click.ClickException(str(error)) from None
    except errors.DatabaseUnavailable as error:
        raise click.ClickException(f"The database cannot be used. {error}") from None
