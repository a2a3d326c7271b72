"""The key that sessions are signed with: a setting, or made once and kept in the data directory."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from service.home import HomeError
from service.settings import Settings

FILE = "session.key"


def load(settings: Settings) -> bytes:
    """The key of this server; made now if there is none yet.

    Raises:
        HomeError: It can be neither read nor made.
    """
    if settings.session_key:
        return settings.session_key.encode()
    path = settings.home / FILE
    try:
        _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise HomeError(
            f"The signing key {path} cannot be used: {error.strerror}. "
            "Make it readable, or set LRTUNE_SESSION_KEY."
        ) from None
    if len(key) < 32:
        raise HomeError(
            f"The signing key {path} is cut short. Delete it: a new one is made, and people sign in again."
        )
    return key


def _make(path: Path) -> None:
    """Write a key unless there is one: whole or not at all, for nobody else to read."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_hex(32).encode())
    try:
        os.link(fresh, path)  # fails if another server was quicker: then its key is the one
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
