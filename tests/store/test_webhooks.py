"""Webhooks and their outbox."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lrtune.wire import DeliveryState, JobError, Role, WebhookEvent
from store import Database, accounts, answers, deliveries, jobs, webhooks
from store.errors import NotFound
from tests.store.rows import Clock, answer, submit

ALL = list(WebhookEvent)


def hook(database: Database, id: str = "w", **more: Any) -> None:
    given = {"account": None, "url": "https://example.org", "events": ALL, "jobs": "mine", "secret": "s" * 16}
    with database.write() as tx:
        webhooks.add(tx, id=id, **(given | more))


def finish(database: Database, job: str) -> None:
    submit(database, job)
    with database.write() as tx:
        answers.put(tx, job, answer(0.1))
        jobs.succeed(tx, job)


def waiting(database: Database, webhook: str = "w") -> list[str | None]:
    with database.read() as tx:
        return [each.job for each in deliveries.page(tx, webhook, cursor=None, limit=50).items]


def claim(database: Database, limit: int = 9) -> list[deliveries.Message]:
    with database.write() as tx:
        return deliveries.claim(tx, limit)


def test_a_jobs_end_puts_a_message_into_the_outbox(database: Database) -> None:
    hook(database)
    finish(database, "a")
    submit(database, "b")
    submit(database, "c")
    with database.write() as tx:
        jobs.fail(tx, "b", JobError(code="task_raised", detail="No data."))
        jobs.cancel(tx, "c")
    assert waiting(database) == ["b", "a"]
    [message] = claim(database)
    body = json.loads(message.body)
    assert (body["type"], body["data"]["job"]["id"], body["data"]["error"]) == ("job.finished", "a", None)
    assert body["data"]["answer"]["initial_lr"] == answer(0.1).initial_lr
    with database.write() as tx:
        deliveries.delivered(tx, message, 204)
    [message] = claim(database)
    assert json.loads(message.body)["data"]["error"] == {"code": "task_raised", "detail": "No data."}


def test_only_whoever_wants_to_know_is_told(database: Database) -> None:
    with database.write() as tx:
        for name in ("ada", "bob"):
            accounts.create(tx, name, kind="person", role=Role.ADMIN)
    hook(database, "ada", account="ada")
    hook(database, "bob", account="bob", jobs="team")
    hook(database, "failures", jobs="team", events=[WebhookEvent.JOB_FAILED])
    hook(database, "nobody")
    finish(database, "a")
    assert {id: waiting(database, id) for id in ("ada", "bob", "failures", "nobody")} == {
        "ada": [], "bob": ["a"], "failures": [], "nobody": ["a"],
    }  # fmt: skip


def test_a_rolled_back_end_sends_nothing(database: Database) -> None:
    hook(database)
    submit(database, "a")

    def fall() -> None:
        with database.write() as tx:
            jobs.succeed(tx, "a")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fall()
    assert waiting(database) == []


def test_a_claimed_message_is_nobody_elses_until_its_claim_lapses(database: Database, clock: Clock) -> None:
    hook(database)
    finish(database, "a")
    [first] = claim(database)
    assert claim(database) == []
    clock.advance(deliveries.CLAIM_S + 1)
    [again] = claim(database)
    assert (again.id, again.attempts) == (first.id, 2)
    with database.write() as tx:
        deliveries.delivered(tx, first, 200)  # it was given up: it may say nothing any more
        assert deliveries.get(tx, first.id).state is DeliveryState.WAITING
        deliveries.delivered(tx, again, 200)
        assert deliveries.get(tx, first.id).state is DeliveryState.DELIVERED
    clock.advance(1e6)
    assert claim(database) == []


def test_pauses_grow_until_it_is_given_up(database: Database, clock: Clock) -> None:
    hook(database)
    finish(database, "a")
    for pause in deliveries.PAUSES_S:
        [message] = claim(database)
        with database.write() as tx:
            deliveries.failed(tx, message, "The receiver answered 500, not 2xx.", 500)
        clock.advance(pause - 1)
        assert claim(database) == []
        clock.advance(1)
    [message] = claim(database)
    with database.write() as tx:
        deliveries.failed(tx, message, "gone", None)
        found = deliveries.get(tx, message.id)
    assert (found.state, found.attempts, found.error, found.next_at) == (
        DeliveryState.FAILED,
        9,
        "gone",
        None,
    )


def test_one_message_a_webhook_at_a_time(database: Database) -> None:
    hook(database, "w")
    hook(database, "v")
    for job in ("a", "b"):
        finish(database, job)
    assert sorted(message.webhook for message in claim(database)) == ["v", "w"]


def test_a_test_is_tried_once(database: Database) -> None:
    hook(database)
    with database.write() as tx:
        message = deliveries.test(tx, "w")
        assert json.loads(message.body) | {"timestamp": ""} == {"type": "test", "timestamp": "", "data": {}}
        deliveries.failed(tx, message, "no")
        assert deliveries.get(tx, message.id).state is DeliveryState.FAILED


def test_a_removed_webhook_gets_nothing_more(database: Database) -> None:
    hook(database)
    finish(database, "a")
    with database.write() as tx:
        webhooks.remove(tx, "w")
    finish(database, "b")
    assert claim(database) == []
    assert waiting(database) == ["a"]
    with database.read() as tx, pytest.raises(NotFound):
        webhooks.get(tx, "w")


@pytest.mark.parametrize("limit", [1, 50])
def test_pages(database: Database, limit: int) -> None:
    for id in ("a", "b", "c"):
        hook(database, id)
    found: list[str] = []
    cursor = None
    while True:
        with database.read() as tx:
            page = webhooks.page(tx, account=None, everybody=False, cursor=cursor, limit=limit)
        found += [each.id for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == ["a", "b", "c"]
