"""Data from a URL into a shelf: bounded, from hosts that may be asked, and exactly what the digest says.

A worker fetches what a user names, so a URL must not reach what only the worker can reach (its own machine,
the team's network, a cloud's metadata service): hosts are resolved first, every address must be public or its
host on the operator's list, redirects are followed one by one under the same rules, and the address that was
really connected to is looked at before anything is read. Proxies of the environment are not used, since
behind one none of this could be checked.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import socket
import time
from collections.abc import Callable, Collection
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from lrtune.data.declared import Data
from lrtune.data.shelf import WHOLE, Held, Shelf

REDIRECTS_MAX = 5
TIMEOUT_S = 30.0
CHUNK_BYTES = 1024 * 1024
BY_HAND_BYTES = 100 * 1024**3

_REDIRECTS = (301, 302, 303, 307, 308)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class FetchError(Exception):
    """Data cannot be had: a stable ``code``, what (``detail``), and how to mend it (``remedy``)."""

    def __init__(self, code: str, detail: str, remedy: str) -> None:
        super().__init__(f"{detail} {remedy}")
        self.code = code
        self.detail = detail
        self.remedy = remedy


def fetch(
    shelf: Shelf,
    url: str,
    sha256: str,
    *,
    limit_bytes: int,
    hosts: Collection[str] | None,
    progress: Callable[[int], None],
    wait: Callable[[], None],
) -> Held:
    """The file that a URL gives, from the shelf or the network; ``file_of`` is its path.

    Args:
        shelf: Where it is kept, by digest.
        url: http or https.
        sha256: What it must be, in hexadecimal.
        limit_bytes: Larger ones are refused.
        hosts: Hosts that may have private addresses; None for any.
        progress: Called with the bytes so far; may raise to give up.
        wait: Called while another process fetches the same; see ``Shelf.take``.

    Raises:
        FetchError: ``data_unavailable``, ``data_mismatch``, ``data_too_large`` or ``data_not_allowed``.
    """
    name = _name(url)

    def make(folder: Path) -> None:
        shelf.trim()
        _download(url, sha256, folder / name, limit_bytes=limit_bytes, hosts=hosts, progress=progress)

    try:
        held = shelf.take(f"{sha256}-{name}", make, wait)
    except OSError as error:
        raise FetchError(
            "data_unavailable",
            f"The worker could not keep {name}: {error.strerror or error}.",
            "Ask whoever runs the worker to make room in LRTUNE_CACHE.",
        ) from None
    shelf.trim()
    return held


def file_of(held: Held) -> Path:
    """The file of an entry that ``fetch`` gave."""
    return next(path for path in held.path.iterdir() if path.name != WHOLE)


def fetch_by_hand(data: Data) -> Path:
    """Where a user's own run finds data by URL: fetched once into ``~/.cache/lrtune``.

    Raises:
        FetchError: As ``fetch``.
    """
    assert data.url is not None
    assert data.sha256 is not None
    home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "lrtune" / "data"
    return file_of(
        fetch(
            Shelf(home, BY_HAND_BYTES),
            data.url,
            data.sha256,
            limit_bytes=BY_HAND_BYTES,
            hosts=None,
            progress=lambda _: None,
            wait=lambda: time.sleep(0.2),
        )
    )


def _download(
    url: str,
    sha256: str,
    path: Path,
    *,
    limit_bytes: int,
    hosts: Collection[str] | None,
    progress: Callable[[int], None],
) -> None:
    try:
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False, follow_redirects=False) as http:
            digest = _follow(http, url, path, limit_bytes, hosts, progress)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _unavailable(url, f"{error or type(error).__name__}") from None
    if digest != sha256:
        raise FetchError(
            "data_mismatch",
            f"{url} gives something else than its sha256 says: {digest}, not {sha256}.",
            "Correct the digest in DATA, or the file at that address, and push again.",
        )
    path.chmod(0o444)


def _follow(
    http: httpx.Client,
    url: str,
    path: Path,
    limit: int,
    hosts: Collection[str] | None,
    progress: Callable[[int], None],
) -> str:
    where = httpx.URL(url)
    for _ in range(REDIRECTS_MAX + 1):
        _check_host(where, hosts)
        with http.stream("GET", where, headers={"Accept-Encoding": "identity"}) as response:
            _check_peer(response, where, hosts)
            if response.status_code in _REDIRECTS and "location" in response.headers:
                where = where.join(response.headers["location"])
                continue
            if response.status_code != 200:
                raise _unavailable(url, f"status {response.status_code}")
            return _save(response, path, limit, progress)
    raise _unavailable(url, f"more than {REDIRECTS_MAX} redirects")


def _save(response: httpx.Response, path: Path, limit: int, progress: Callable[[int], None]) -> str:
    digest, size = hashlib.sha256(), 0
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)
    with path.open("wb") as file:
        for chunk in response.iter_raw(CHUNK_BYTES):
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            digest.update(chunk)
            file.write(chunk)
            progress(size)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _check_host(url: httpx.URL, hosts: Collection[str] | None) -> None:
    if url.scheme not in ("http", "https") or not url.host:
        raise FetchError("data_not_allowed", f"{url} is no http or https URL.", "Give one in DATA.")
    if hosts is None or url.host in hosts:
        return
    try:
        found = socket.getaddrinfo(url.host, url.port or 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _unavailable(str(url), f"the host name is unknown ({error})") from None
    for *_, address in found:
        _check_address(str(address[0]), url)


def _check_peer(response: httpx.Response, url: httpx.URL, hosts: Collection[str] | None) -> None:
    """A name may mean another address a moment later: look at the one that was connected to."""
    if hosts is None or url.host in hosts:
        return
    stream = response.extensions.get("network_stream")
    peer = stream.get_extra_info("server_addr") if stream is not None else None
    _check_address(str(peer[0]) if peer else "0.0.0.0", url)


def _check_address(address: str, url: httpx.URL) -> None:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    if not (mapped or found).is_global or found.is_multicast:
        raise FetchError(
            "data_not_allowed",
            f"{url.host} is an address of a private network, which tasks may not ask.",
            "Ask whoever runs the worker to name the host in LRTUNE_DATA_HOSTS.",
        )


def _name(url: str) -> str:
    """A file name for what a URL gives: libraries tell formats by its ending."""
    last = unquote(urlsplit(url).path).rpartition("/")[2]
    return _UNSAFE.sub("_", last).strip("._-")[-80:] or "data"


def _unavailable(url: str, why: str) -> FetchError:
    return FetchError(
        "data_unavailable", f"{url} cannot be fetched: {why}.", "Check the address, and submit the job again."
    )


def _too_large(limit: int) -> FetchError:
    return FetchError(
        "data_too_large",
        f"The data is larger than the {limit} bytes that this worker keeps.",
        "Ask whoever runs the worker to raise LRTUNE_DATA_LIMIT_GB, or to mount the data "
        "(LRTUNE_DATA_PATHS).",
    )
