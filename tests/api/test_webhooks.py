"""Webhooks over HTTP, to a real receiver on this machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import anyio.from_thread
import pytest

from lrtune.wire import Delivery, NewWebhook, Webhook
from service.app import create_app
from service.settings import Settings
from service.webhooks import target
from service.webhooks.deliverer import Deliverer
from store import Database
from tests.api.conftest import Client
from tests.api.measured import succeeded
from tests.api.problem import problem

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
DOCS = (Path(__file__).parents[2] / "docs" / "memory.md").read_text()


class Receiver:
    """A server that keeps what it gets, and answers as told, with 204 when nothing is left to tell."""

    def __init__(self) -> None:
        self.got: Queue[tuple[dict[str, str], bytes]] = Queue()
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.put(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?x=1"

    def __enter__(self) -> Receiver:
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def allowing(settings: Settings, database: Database, portal: anyio.from_thread.BlockingPortal) -> Client:
    """A client of a server whose operator allows loopback targets."""
    app = create_app(replace(settings, webhook_networks=LOOPBACK), database)
    return Client(app, portal, "http://localhost:8765")


def create(client: Client, url: str, **more: Any) -> NewWebhook:
    response = client.post("/v1/webhooks", json={"url": url, **more})
    assert response.status_code == 201, response.text
    return NewWebhook.model_validate(response.json())


def test_a_test_arrives_signed_and_is_listed(allowing: Client, receiver: Receiver) -> None:
    made = create(allowing, receiver.url)
    done = Delivery.model_validate(allowing.post(f"/v1/webhooks/{made.id}/test").json())
    assert (done.state, done.status, done.attempts) == ("delivered", 204, 1)
    headers, body = receiver.got.get(timeout=10)
    assert headers["webhook-id"] == done.id
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(made.secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    listed = allowing.get(f"/v1/webhooks/{made.id}/deliveries").json()["items"]
    assert [Delivery.model_validate(each) for each in listed] == [done]


@pytest.mark.parametrize("secret", [None, "plain-text-secret-of-mine"])
def test_the_documented_snippet_verifies(allowing: Client, receiver: Receiver, secret: str | None) -> None:
    [snippet] = re.findall(r"```python\n(import base64.*?)```", DOCS, re.DOTALL)
    names: dict[str, Any] = {}
    exec(snippet, names)
    made = create(allowing, receiver.url, **({"secret": secret} if secret else {}))
    allowing.post(f"/v1/webhooks/{made.id}/test")
    headers, body = receiver.got.get(timeout=10)
    names["verify"](made.secret, headers, body)
    for wrong in ({"secret": "another"}, {"body": body + b" "}):
        arguments = {"secret": made.secret, "headers": headers, "body": body} | wrong
        with pytest.raises(ValueError, match="not ours"):
            names["verify"](**arguments)


@pytest.mark.parametrize("status", [301, 400, 500])
def test_a_refusal_and_a_redirect_are_no_arrival(allowing: Client, receiver: Receiver, status: int) -> None:
    receiver.answers = [status]
    made = create(allowing, receiver.url)
    done = Delivery.model_validate(allowing.post(f"/v1/webhooks/{made.id}/test").json())
    assert (done.state, done.status) == ("failed", status)
    receiver.got.get(timeout=10)
    assert receiver.got.empty()


def test_nobody_there(allowing: Client, receiver: Receiver) -> None:
    made = create(allowing, receiver.url)
    receiver.server.server_close()
    done = Delivery.model_validate(allowing.post(f"/v1/webhooks/{made.id}/test").json())
    assert (done.state, done.status) == ("failed", None)
    assert "ConnectError" in (done.error or "")


def test_the_servers_thread_sends_what_jobs_leave_in_the_outbox(
    allowing: Client, database: Database, receiver: Receiver
) -> None:
    create(allowing, receiver.url)
    succeeded(database, "a")
    with Deliverer(database, LOOPBACK, poll_s=0.01):
        _, body = receiver.got.get(timeout=30)
    assert b'"job.finished"' in body


def test_webhooks_are_listed_without_secrets_and_removed(allowing: Client) -> None:
    made = create(allowing, "https://hooks.invalid/x", jobs="team", events=["job.failed"])
    assert "secret" not in allowing.get("/v1/webhooks").json()["items"][0]
    found = Webhook.model_validate(allowing.get(f"/v1/webhooks/{made.id}").json())
    assert (found.jobs, found.events) == ("team", ["job.failed"])
    assert allowing.request("DELETE", f"/v1/webhooks/{made.id}").json()["id"] == made.id
    for method, rest in (("GET", ""), ("DELETE", ""), ("POST", "/test"), ("GET", "/deliveries")):
        problem(allowing.request(method, f"/v1/webhooks/{made.id}{rest}"), "not_found")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://[::1]/", "http://10.1.2.3/", "http://169.254.169.254/latest/meta-data",
     "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://0.0.0.0/", "http://localhost:5432/",
     "http://2130706433/", "https://user@example.org/", "https://example.org/#x", "http://224.0.0.1/",
     "http://[fe80::1]/", "http://[2002:7f00:1::]/", "https://example.org:x/"],
)  # fmt: skip
def test_what_only_the_server_can_reach_is_refused(client: Client, url: str) -> None:
    problem(client.post("/v1/webhooks", json={"url": url}), "invalid_request", "/url")


@pytest.mark.parametrize("url", ["ftp://example.org", "example.org", "https://", "https://a b/"])
def test_what_is_no_url(client: Client, url: str) -> None:
    problem(client.post("/v1/webhooks", json={"url": url}), "invalid_request", "/url")


def test_a_name_that_changes_its_meaning_is_checked_again(client: Client, receiver: Receiver) -> None:
    made = create(client, "https://hooks.invalid/x")  # means nothing when it is made
    done = Delivery.model_validate(client.post(f"/v1/webhooks/{made.id}/test").json())
    assert "cannot be found" in (done.error or "")
    with pytest.raises(target.TargetError, match=r"is 127\.0\.0\.1, which is not an address of the Internet"):
        target.check("https://hooks.invalid/x", (), lambda host, port: ["93.184.216.34", "127.0.0.1"])
    found = target.check("https://hooks.invalid/x", (), lambda host, port: ["93.184.216.34"])
    assert (found.url, found.authority) == ("https://93.184.216.34:443/x", "hooks.invalid")


def test_an_account_has_at_most_twenty(client: Client) -> None:
    for _ in range(20):
        create(client, "https://hooks.invalid/x")
    problem(client.post("/v1/webhooks", json={"url": "https://hooks.invalid/x"}), "invalid_request", "")
