"""How a task names the data it needs: by URL and digest, or by a path that workers have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from lrtune.task import TaskError

_SHA256 = re.compile(r"[0-9a-f]{64}")
URL_MAX = 2000
PATH_MAX = 1000


@dataclass(frozen=True, kw_only=True)
class Data:
    """Data that a task needs beside its bundle. Give either ``url`` and ``sha256``, or ``path``.

    It stands in the dict ``DATA`` at the top level of the entry's file, written out, since the server reads
    it there without running the file::

        DATA = {"mnist": lrtune.Data(url="https://example.org/mnist.npz", sha256="731c…")}

    Args:
        url: http or https. A worker fetches it once and keeps it.
        sha256: Digest of what the URL gives, in hexadecimal; anything else is refused.
        path: Absolute path of a file or folder that the operator mounted (LRTUNE_DATA_PATHS of the worker).

    Raises:
        TaskError: Neither or both, or one that cannot be.
    """

    url: str | None = None
    sha256: str | None = None
    path: str | None = None

    def __post_init__(self) -> None:
        if (self.path is None) == (self.url is None):
            raise TaskError("Data", "needs either a url or a path", "give url= and sha256=, or path=")
        if self.url is not None:
            _check_url(self.url)
            if not isinstance(self.sha256, str) or not _SHA256.fullmatch(self.sha256):
                raise TaskError(
                    "Data.sha256", "is not 64 hexadecimal digits", "give what `sha256sum FILE` prints"
                )
        elif self.sha256 is not None:
            raise TaskError("Data.sha256", "stands beside a path", "leave it out: paths are the operator's")
        if self.path is not None:
            _check_path(self.path)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except (ValueError, AttributeError, TypeError):
        raise TaskError("Data.url", f"{url!r} is no URL", "give e.g. https://example.org/mnist.npz") from None
    if parts.scheme not in ("http", "https") or not host or len(url) > URL_MAX or not url.isprintable():
        raise TaskError("Data.url", f"{url[:100]!r} is no http or https URL", "give one with a host name")
    if parts.username is not None or parts.password is not None:
        raise TaskError(
            "Data.url",
            "holds a user name or password, which everybody who sees the task could read",
            "leave it out",
        )


def _check_path(path: str) -> None:
    good = isinstance(path, str) and path.startswith("/") and path.isprintable() and len(path) <= PATH_MAX
    if not good or ".." in path.split("/"):
        raise TaskError("Data.path", f"{path!r} is no absolute path without ..", "give e.g. /datasets/mnist")
