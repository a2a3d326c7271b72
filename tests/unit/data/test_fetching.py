"""Data by URL: from a real server, verified, bounded, and never from where tasks may not ask."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from lrtune.data import fetching
from lrtune.data.fetching import FetchError, fetch, file_of
from lrtune.data.shelf import Shelf

CONTENT = b"a,b\n" * 1000
PRIVATE = (
    "127.0.0.1",
    "10.0.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "0.0.0.0",
    "::1",
    "fd00::1",
    "fe80::1%eth0",
    "::ffff:10.0.0.1",
)
SHA = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Gives ``CONTENT`` at /x.csv, redirects at /to?URL, and counts."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", self.path.partition("?")[2])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path.startswith("/x.csv"):
            self.send_response(200)
            if "unannounced" not in self.path:
                self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def url(asked: list[str]) -> Iterator[str]:
    handler = type("Counting", (Handler,), {"asked": asked})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def get(
    folder: Path,
    url: str,
    *,
    sha: str = SHA,
    limit: int = 10**6,
    hosts: tuple[str, ...] | None = ("127.0.0.1",),
) -> Path:
    def wait() -> None:
        raise AssertionError("waited")

    shelf = Shelf(folder, limit)
    return file_of(
        fetch(shelf, url, sha, limit_bytes=limit, hosts=hosts, progress=lambda size: None, wait=wait)
    )


def test_fetched_once_under_its_own_name(tmp_path: Path, url: str, asked: list[str]) -> None:
    for _ in range(2):
        path = get(tmp_path, f"{url}/x.csv?a=1")
        assert (path.name, path.read_bytes()) == ("x.csv", CONTENT)
    assert asked == ["/x.csv?a=1"]


def test_redirects_are_followed(tmp_path: Path, url: str) -> None:
    assert get(tmp_path, f"{url}/to?{url}/x.csv").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("path", "more", "code"),
    [
        ("/x.csv", {"sha": "0" * 64}, "data_mismatch"),
        ("/x.csv", {"limit": 100}, "data_too_large"),
        ("/x.csv?unannounced", {"limit": 100}, "data_too_large"),
        ("/nothing", {}, "data_unavailable"),
        ("/to?/to?/nothing", {}, "data_unavailable"),
        ("/to?file:///etc/passwd", {}, "data_not_allowed"),
        ("/to?http://169.254.169.254/latest/meta-data", {}, "data_not_allowed"),
        ("/to?http://localhost:1/x", {}, "data_not_allowed"),
        ("/x.csv", {"hosts": ()}, "data_not_allowed"),
    ],
)
def test_refused_and_nothing_kept(
    tmp_path: Path, url: str, path: str, more: dict[str, Any], code: str
) -> None:
    with pytest.raises(FetchError) as caught:
        get(tmp_path, url + path, **more)
    assert caught.value.code == code
    assert caught.value.remedy
    assert [each for each in tmp_path.iterdir() if each.is_dir()] == []


def test_a_loop_of_redirects_ends(tmp_path: Path, url: str, asked: list[str]) -> None:
    url_of_itself = f"{url}/to?/to?"
    with pytest.raises(FetchError):
        get(tmp_path, url_of_itself)
    assert len(asked) <= fetching.REDIRECTS_MAX + 1


def test_no_server(tmp_path: Path, url: str) -> None:
    with pytest.raises(FetchError) as caught:
        get(tmp_path, "http://127.0.0.1:9/x.csv")
    assert caught.value.code == "data_unavailable"


@pytest.mark.parametrize(
    "address",
    PRIVATE,
)
def test_addresses_that_tasks_may_not_ask(address: str) -> None:
    with pytest.raises(FetchError):
        fetching._check_address(address, httpx.URL("http://x"))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111"])
def test_addresses_that_they_may(address: str) -> None:
    fetching._check_address(address, httpx.URL("http://x"))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://x/a/mnist.npz?raw=1", "mnist.npz"),
        ("https://x/", "data"),
        ("https://x/..%2f..%2fetc%2fpasswd", "passwd"),
        ("https://x/%2e%2e", "data"),
        ("https://x/a%00b c", "a_b_c"),
    ],
)
def test_names(url: str, name: str) -> None:
    assert fetching._name(url) == name
