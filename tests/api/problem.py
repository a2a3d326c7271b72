"""What every problem document must be."""

from __future__ import annotations

from typing import Any

import httpx

from service.problems import KINDS


def problem(response: httpx.Response, code: str, *fields: str) -> dict[str, Any]:
    """Check that ``response`` is the problem ``code`` about exactly ``fields``; give back its document."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    found: dict[str, Any] = response.json()
    assert found["code"] == code, found
    assert found["status"] == response.status_code == KINDS[code].status
    assert found["type"] == f"urn:lrtune:problem:{code}"
    assert found["title"] == KINDS[code].title
    assert found["detail"]
    assert found["remedy"]
    assert found["instance"]
    assert sorted(error["field"] for error in found["errors"]) == sorted(fields)
    assert all(error["detail"] and error["remedy"] for error in found["errors"])
    assert response.headers["cache-control"] == "no-store"
    return found
