"""``lrtune webhook``."""

from __future__ import annotations

import json

from lrtune.cli import exits
from lrtune.wire import DeliveryState
from service import samples
from tests.unit.cli.conftest import Run
from tests.unit.client.fake import FakeServer, model

ID = samples.WEBHOOK.id
HOOK = f"/v1/webhooks/{ID}"


def test_add(run: Run, server: FakeServer) -> None:
    server.on("POST /v1/webhooks", model(samples.NEW_WEBHOOK, 201))
    done = run("webhook", "add", "https://example.org/x", "--team", "--event", "job.failed")
    assert samples.NEW_WEBHOOK.secret in done.stdout
    assert server.bodies() == [{"url": "https://example.org/x", "jobs": "team", "events": ["job.failed"]}]
    assert run("webhook", "add", "no-url").exit_code == exits.USAGE


def test_list_and_deliveries(run: Run, server: FakeServer) -> None:
    server.on("GET /v1/webhooks", model(samples.page(samples.WEBHOOK)))
    server.on(f"GET {HOOK}/deliveries", model(samples.page(samples.DELIVERY)))
    assert "https://example.org/lrtune" in run("webhook", "list").stdout
    assert json.loads(run("webhook", "list", "--json").stdout)[0]["id"] == ID
    assert "the receiver answered 204" in " ".join(run("webhook", "deliveries", ID).stdout.split())


def test_test_and_remove(run: Run, server: FakeServer) -> None:
    gone = samples.DELIVERY.model_copy(update={"state": DeliveryState.FAILED, "status": 500, "error": "No."})
    server.on(f"POST {HOOK}/test", model(samples.DELIVERY), model(gone))
    server.on(f"DELETE {HOOK}", model(samples.WEBHOOK))
    assert run("webhook", "test", ID).exit_code == exits.OK
    failed = run("webhook", "test", ID)
    assert (failed.exit_code, failed.stdout) == (exits.ERROR, "Failed: No.\n")
    assert run("webhook", "remove", ID).stdout == f"Webhook {ID} is removed.\n"
