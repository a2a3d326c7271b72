"""What can go wrong in the store; every error is one sentence and, where there is one, a remedy."""

from __future__ import annotations

from datetime import datetime


class StoreError(Exception):
    """Base of the store's errors.

    Attributes:
        detail: What is wrong, one sentence.
        remedy: What the caller can do about it, or None.
    """

    def __init__(self, detail: str, remedy: str | None = None) -> None:
        super().__init__(detail if remedy is None else f"{detail} {remedy}")
        self.detail = detail
        self.remedy = remedy


class NotFound(StoreError):  # noqa: N818 - reads as what happened
    """There is no such row."""


class LeaseLost(StoreError):  # noqa: N818 - reads as what happened
    """The unit is no longer this attempt's: its lease ran out and was taken, or its job has ended."""


class IdempotencyConflict(StoreError):  # noqa: N818 - reads as what happened
    """The idempotency key came before with another request."""


class JobFinal(StoreError):  # noqa: N818 - reads as what happened
    """The job has succeeded or failed, so it cannot be cancelled."""


class QuotaExceeded(StoreError):  # noqa: N818 - reads as what happened
    """The account has reached a limit of its quota; ``reset_at`` is when that ends by itself, if it does."""

    def __init__(self, detail: str, remedy: str, *, reset_at: datetime | None = None) -> None:
        super().__init__(detail, remedy)
        self.reset_at = reset_at


class AccountExists(StoreError):  # noqa: N818 - reads as what happened
    """An account of that name is there already."""


class LastAdmin(StoreError):  # noqa: N818 - reads as what happened
    """Without this account nobody could administer the server any more."""


class CursorInvalid(StoreError):  # noqa: N818 - reads as what happened
    """The cursor was not given out by this list."""


class DatabaseUnavailable(StoreError):  # noqa: N818 - reads as what happened
    """The database cannot be used now: gone, refusing, read-only, full or busy."""


class SchemaError(DatabaseUnavailable):
    """The database is there, but its schema is not the one this version needs."""
