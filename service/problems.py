"""Problems: the one table of what can go wrong over HTTP, and the RFC 9457 documents made from it.

A ``code`` is stable and made for programs; ``title`` names the kind; ``detail`` and ``remedy`` speak of the
case at hand. Every code here is described in docs/http.md (a test holds that).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from starlette.responses import Response

from lrtune.wire import FieldError, Problem

MEDIA_TYPE = "application/problem+json"


class Kind(NamedTuple):
    """A kind of problem: its HTTP status and its title."""

    status: int
    title: str


KINDS: Mapping[str, Kind] = {
    "malformed_json": Kind(400, "The body is not acceptable JSON"),
    "malformed_request": Kind(400, "The request is malformed"),
    "unauthenticated": Kind(401, "The request does not say who asks"),
    "invalid_token": Kind(401, "The token is good for nothing"),
    "cross_origin": Kind(403, "The request comes from another site"),
    "insufficient_role": Kind(403, "The account's role does not allow this"),
    "insufficient_scope": Kind(403, "The token's scopes do not allow this"),
    "not_admin": Kind(403, "Only an admin may ask for this"),
    "not_owner": Kind(403, "This belongs to somebody else"),
    "not_found": Kind(404, "There is no such resource"),
    "not_ready": Kind(404, "The result is not there yet"),
    "method_not_allowed": Kind(405, "The resource does not know this method"),
    "request_timeout": Kind(408, "The body did not arrive in time"),
    "job_final": Kind(409, "The job has already ended"),
    "account_exists": Kind(409, "The account is there already"),
    "last_admin": Kind(409, "The account is the last admin"),
    "no_accounts": Kind(409, "The server has no accounts"),
    "not_external": Kind(409, "The job's trials are trained by workers"),
    "lease_lost": Kind(409, "The trial is no longer the client's"),
    "not_available": Kind(409, "The job ended without this result"),
    "body_too_large": Kind(413, "The body is too large"),
    "unsupported_media_type": Kind(415, "The body has the wrong media type"),
    "misdirected_request": Kind(421, "The Host header names another server"),
    "invalid_request": Kind(422, "The request is not valid"),
    "idempotency_key_reused": Kind(422, "The Idempotency-Key belongs to another request"),
    "quota_exceeded": Kind(429, "The account has reached a limit"),
    "rate_limited": Kind(429, "Too many requests"),
    "internal_error": Kind(500, "The server made a mistake"),
    "database_unavailable": Kind(503, "The database cannot be used now"),
    "no_worker": Kind(503, "No worker is alive"),
    "not_serving": Kind(503, "The server is not ready"),
}


class ProblemError(Exception):
    """Raised anywhere below a route; becomes the problem document of ``code``.

    Args:
        code: A key of ``KINDS``.
        detail: What is wrong in this case, one sentence.
        remedy: What the caller can do about it.
        errors: The fields at fault, if the problem lies in fields.
        headers: Response headers that belong to the problem, e.g. ``Retry-After``.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        remedy: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.remedy = remedy
        self.errors = list(errors)
        self.headers = dict(headers or {})


def field_problem(errors: Sequence[FieldError]) -> ProblemError:
    """The 422 for one or more wrong fields; a single one speaks for the whole."""
    first = errors[0]
    if len(errors) == 1:
        detail = f"{first.field}: {first.detail}" if first.field else first.detail
    else:
        detail = f"{len(errors)} fields are wrong; the first is {first.field}: {first.detail}"
    return ProblemError("invalid_request", detail, first.remedy, errors=errors)


def not_owner(
    thing: str, owner: str | None, account: str | None, remedy: str = "Ask its author or an admin."
) -> ProblemError:
    """The 403 for whoever would change what is another's; ``thing`` begins the sentence."""
    whose = f"is {owner}'s" if owner else "was made without accounts"
    return ProblemError("not_owner", f"{thing} {whose}; you are {account}.", remedy)


def document(error: ProblemError, *, instance: str | None) -> Problem:
    """The wire model of a problem; ``instance`` is the path it happened at, or an incident's URN."""
    kind = KINDS[error.code]
    return Problem(
        type=f"urn:lrtune:problem:{error.code}",
        title=kind.title,
        status=kind.status,
        code=error.code,
        detail=error.detail,
        remedy=error.remedy,
        instance=instance,
        errors=error.errors,
    )


def response(error: ProblemError, *, instance: str | None = None) -> Response:
    """The HTTP response of a problem; never cached."""
    body = document(error, instance=instance)
    return Response(
        body.model_dump_json(),
        status_code=body.status,
        headers={"Cache-Control": "no-store", **error.headers},
        media_type=MEDIA_TYPE,
    )


def responses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """What a route declares to OpenAPI for the problems it can answer with, one entry a status."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(KINDS[code].status, []).append(code)
    return {
        status: {
            "description": "; ".join(f"`{code}`: {KINDS[code].title}" for code in same),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, same in by_status.items()
    }
