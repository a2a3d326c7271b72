"""Tokens that ``lrtune login`` keeps: one file of the user's, which nobody else may read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lrtune.client.errors import ArgumentError


class Credentials(BaseModel):
    """What the file holds: the server logged in to last, and the token for each."""

    model_config = ConfigDict(extra="ignore")

    url: str | None = None
    tokens: dict[str, str] = Field(default_factory=dict)


def path(environ: Mapping[str, str]) -> Path | None:
    """Where the file is: ``$XDG_CONFIG_HOME/lrtune/credentials.json``, ``~/.config`` by default; None for a
    user without a home."""
    folder = environ.get("XDG_CONFIG_HOME")
    if folder:
        return Path(folder) / "lrtune" / "credentials.json"
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(home) / ".config" / "lrtune" / "credentials.json" if home else None


def read(environ: Mapping[str, str]) -> Credentials:
    """What is kept; nothing if there is no file.

    Raises:
        ArgumentError: The file cannot be read, or is not what ``write`` wrote.
    """
    file = path(environ)
    if file is None:
        return Credentials()
    try:
        return Credentials.model_validate_json(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return Credentials()
    except OSError as error:
        raise _unusable(file, error.strerror or "it cannot be read") from None
    except ValidationError:
        raise _unusable(file, "it is damaged") from None


def write(environ: Mapping[str, str], credentials: Credentials) -> Path:
    """Keep ``credentials``: whole or not at all, readable by its owner alone. Returns the file.

    Raises:
        ArgumentError: The file cannot be written.
    """
    file = path(environ)
    if file is None:
        raise ArgumentError(
            "HOME", "is not set, so there is no place for tokens.", "Set LRTUNE_TOKEN instead."
        )
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    body: dict[str, Any] = credentials.model_dump()
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(body, out, indent=2)
        fresh.replace(file)
    except OSError as error:
        raise _unusable(file, error.strerror or "it cannot be written") from None
    return file


def _unusable(file: Path, reason: str) -> ArgumentError:
    return ArgumentError(str(file), f"{reason}.", "Mend or delete it, or set LRTUNE_URL and LRTUNE_TOKEN.")
