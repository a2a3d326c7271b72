"""The store's errors as problems: one table, so that no route translates on its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import format_datetime

from lrtune.wire import FieldError
from service.problems import ProblemError, field_problem
from store.errors import (
    AccountExists,
    CursorInvalid,
    DatabaseUnavailable,
    IdempotencyConflict,
    JobFinal,
    LastAdmin,
    LeaseLost,
    NotFound,
    QuotaExceeded,
    StoreError,
)

RETRY_AFTER_S = 5


def _plain(code: str) -> Callable[[StoreError], ProblemError]:
    return lambda error: ProblemError(code, error.detail, error.remedy)


def _cursor(error: StoreError) -> ProblemError:
    return field_problem([FieldError(field="?cursor", detail=error.detail, remedy=error.remedy)])


def _key(error: StoreError) -> ProblemError:
    field = FieldError(field="Idempotency-Key", detail=error.detail, remedy=error.remedy)
    return ProblemError("idempotency_key_reused", error.detail, error.remedy, errors=[field])


def _lost(error: StoreError) -> ProblemError:
    return ProblemError("lease_lost", error.detail, error.remedy or "Stop, and ask for a trial.")


def _unavailable(error: StoreError) -> ProblemError:
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return ProblemError("database_unavailable", error.detail, error.remedy, headers=headers)


def _quota(error: StoreError) -> ProblemError:
    assert isinstance(error, QuotaExceeded)
    headers = {}
    if error.reset_at is not None:
        headers["Retry-After"] = format_datetime(error.reset_at, usegmt=True)
    return ProblemError("quota_exceeded", error.detail, error.remedy, headers=headers)


TABLE: Mapping[type[StoreError], Callable[[StoreError], ProblemError]] = {
    NotFound: _plain("not_found"),
    JobFinal: _plain("job_final"),
    QuotaExceeded: _quota,
    AccountExists: _plain("account_exists"),
    LastAdmin: _plain("last_admin"),
    LeaseLost: _lost,
    IdempotencyConflict: _key,
    CursorInvalid: _cursor,
    DatabaseUnavailable: _unavailable,
}
"""What a client is told, by class of error; a subclass is told as its nearest class here.

The others (a broken rule of the store) cannot come from a request: they are incidents.
"""


def problem(error: Exception) -> ProblemError:
    """The problem of an error of the store.

    Raises:
        KeyError: No class of ``error`` is in ``TABLE``.
    """
    kind = next((kind for kind in type(error).__mro__ if kind in TABLE), type(error))
    assert isinstance(error, StoreError)
    return TABLE[kind](error)
