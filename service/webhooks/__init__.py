"""Webhooks: signed messages to addresses that members name."""
