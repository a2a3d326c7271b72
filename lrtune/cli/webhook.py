"""``lrtune webhook``: tell a URL when jobs end."""

from __future__ import annotations

from itertools import islice
from typing import Any

import click
from pydantic import ValidationError

from lrtune.cli import exits, figures, tables
from lrtune.cli.plain import plain
from lrtune.cli.session import Session, connected
from lrtune.wire import Delivery, WebhookEvent, WebhookRequest


@click.group()
def webhook() -> None:
    """Have a URL told when jobs finish or fail."""


@webhook.command("add")
@click.argument("target", metavar="URL")
@click.option(
    "--event",
    "events",
    type=click.Choice([event.value for event in WebhookEvent]),
    multiple=True,
    help="Tell this alone; repeatable.",
)
@click.option("--team", is_flag=True, help="Of everybody's jobs, not only of your own.")
@click.option("--secret", metavar="TEXT", help="What signs the messages; one is made by default.")
@connected
def add(session: Session, target: str, *, events: tuple[str, ...], team: bool, secret: str | None) -> None:
    """Have URL told; prints the secret that signs the messages, this once."""
    said: dict[str, Any] = {"url": target, "jobs": "team" if team else "mine"}
    said |= {"events": events} if events else {}
    said |= {"secret": secret} if secret else {}
    try:
        request = WebhookRequest.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        raise click.UsageError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.") from None
    made = session.client.create_webhook(request)
    if session.json:
        session.say(made)
        return
    click.echo(f"Webhook {plain(made.id)}. Try it: lrtune webhook test {plain(made.id)}")
    click.echo(f"Secret (shown this once): {plain(made.secret)}")


@webhook.command("list")
@connected
def list_webhooks(session: Session) -> None:
    """List your webhooks; everybody's for admins."""
    found = list(session.client.webhooks())
    if session.json:
        session.say(found)
        return
    if not found:
        session.out.print("There is no webhook. Add one: lrtune webhook add URL", soft_wrap=True)
        return
    made = tables.table("webhook", "account", "jobs", "events", "URL", wrap=["events", "URL"])
    for each in found:
        events = ", ".join(each.events)
        made.add_row(plain(each.id), plain(each.account or ""), each.jobs, events, plain(each.url))
    session.out.print(made)


@webhook.command("remove")
@click.argument("webhook")
@connected
def remove(session: Session, webhook: str) -> None:
    """End a webhook: nothing more is sent."""
    removed = session.client.remove_webhook(webhook)
    if session.json:
        session.say(removed)
    else:
        click.echo(f"Webhook {plain(removed.id)} is removed.")


@webhook.command("test")
@click.argument("webhook")
@connected
def test(session: Session, webhook: str) -> None:
    """Send a message at once. Exit status 1 if it did not arrive."""
    done = session.client.test_webhook(webhook)
    if session.json:
        session.say(done)
    else:
        click.echo(plain(_told(done)))
    if done.state != "delivered":
        raise click.exceptions.Exit(exits.ERROR)


@webhook.command("deliveries")
@click.argument("webhook")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@connected
def deliveries(session: Session, webhook: str, *, limit: int) -> None:
    """List what was sent to a webhook, or waits to be, newest first."""
    found = list(islice(session.client.deliveries(webhook), limit))
    if session.json:
        session.say(found)
        return
    if not found:
        session.out.print("Nothing was sent yet.")
        return
    made = tables.table("created", "event", "job", "attempts", "what became of it",
                        right=["attempts"], wrap=["created", "what became of it"])  # fmt: skip
    for each in found:
        ago = figures.ago(each.created_at, session.now())
        made.add_row(ago, plain(each.event), plain(each.job or ""), str(each.attempts), plain(_told(each)))
    session.out.print(made)


def _told(each: Delivery) -> str:
    if each.state == "delivered":
        return f"Delivered: the receiver answered {each.status}."
    again = f" Again at {each.next_at:%Y-%m-%d %H:%M:%S} UTC." if each.next_at else ""
    return f"{'Waiting' if each.next_at else 'Failed'}: {each.error or 'not sent yet.'}{again}"
