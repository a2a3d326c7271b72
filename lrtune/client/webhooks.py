"""The client's part for webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from lrtune.client.calls import Calls
from lrtune.wire import Delivery, NewWebhook, Webhook, WebhookRequest


class Webhooks(Calls):
    """Subscriptions to the ends of jobs."""

    def create_webhook(self, request: WebhookRequest) -> NewWebhook:
        """A new webhook; its ``secret`` is shown this once."""
        body = request.model_dump(mode="json", exclude_unset=True)
        return self._read(NewWebhook, self._connection.post_once("/v1/webhooks", body))

    def webhooks(self) -> Iterator[Webhook]:
        """Your webhooks; everybody's for admins."""
        return self._items(Webhook, "/v1/webhooks")

    def webhook(self, webhook_id: str) -> Webhook:
        """One webhook."""
        return self._get(Webhook, _of(webhook_id))

    def remove_webhook(self, webhook_id: str) -> Webhook:
        """End a webhook; gives it back as it was."""
        return self._read(Webhook, self._connection.delete(_of(webhook_id)))

    def test_webhook(self, webhook_id: str) -> Delivery:
        """Send a message at once, and say how it went."""
        return self._read(Delivery, self._connection.post(_of(webhook_id, "/test")))

    def deliveries(self, webhook_id: str) -> Iterator[Delivery]:
        """What was sent to a webhook, or waits to be, newest first."""
        return self._items(Delivery, _of(webhook_id, "/deliveries"))


def _of(webhook_id: str, rest: str = "") -> str:
    return f"/v1/webhooks/{quote(webhook_id, safe='')}{rest}"
