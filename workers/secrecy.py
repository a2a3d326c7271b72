"""Keeps what the worker knows from other processes of its machine."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping, Sequence

_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36

URL_FLAG = "--database-url"
URL_VARIABLE = "LRTUNE_DATABASE_URL"


def withdraw() -> None:
    """Close this process to others, and have the orphans of its children come to it.

    Memory, environment and open files of a process that is not dumpable are for root alone, so not for a
    task that runs under the worker's own account. Elsewhere than on Linux nothing is done.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def hide_url(command: Sequence[str], environ: Mapping[str, str]) -> None:
    """Start this process anew with the database's URL in its environment, if its arguments hold it.

    Arguments of a process are for everybody on the machine to read.
    """
    kept, url = _without_url(command)
    if url is not None:
        os.execve(sys.executable, [sys.executable, *kept[1:]], {**environ, URL_VARIABLE: url})


def _without_url(command: Sequence[str]) -> tuple[list[str], str | None]:
    kept: list[str] = []
    url = None
    words = iter(command)
    for word in words:
        if word == URL_FLAG:
            url = next(words, None)
        elif word.startswith(URL_FLAG + "="):
            url = word.removeprefix(URL_FLAG + "=")
        else:
            kept.append(word)
    return kept, url
