"""docs/http.md names every route and every problem; the OpenAPI document is whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.problems import KINDS
from tests.api.conftest import Client

DOCS = (Path(__file__).parents[2] / "docs" / "http.md").read_text()


def operations(client: Client) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in client.get("/openapi.json").json()["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def test_every_route_is_documented_and_every_documented_route_exists(client: Client) -> None:
    documented = set(re.findall(r"^\| `([A-Z]+ /\S*)` \|", DOCS, re.MULTILINE))
    assert documented == {f"{method} {path}" for method, path, _ in operations(client)}


def test_every_parameter_is_documented(client: Client) -> None:
    names = {
        each["name"] for _, _, operation in operations(client) for each in operation.get("parameters", [])
    }
    assert [name for name in sorted(names - {"id"}) if f"`{name}`" not in DOCS] == []


def test_every_problem_is_documented_with_its_status() -> None:
    documented = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", DOCS, re.MULTILINE))
    assert documented == {code: str(kind.status) for code, kind in KINDS.items()}


def test_every_operation_is_described(client: Client) -> None:
    ids = []
    for method, path, operation in operations(client):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        assert len(operation["tags"]) == 1, where
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation["operationId"]), where
        ids.append(operation["operationId"])
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), f"{where} {parameter['name']}"
    assert len(ids) == len(set(ids))


def test_every_success_has_an_example(client: Client) -> None:
    for method, path, operation in operations(client):
        shown = [
            (media_type, body)
            for status, success in operation["responses"].items()
            if status.startswith("2") and status != "204"
            for media_type, body in success["content"].items()
        ]
        assert shown, f"{method} {path}"
        for media_type, body in shown:
            if media_type not in ("image/png", "application/zip", "application/vnd.sqlite3"):
                assert "example" in body, f"{method} {path}"


def test_every_problem_response_is_a_problem_document(client: Client) -> None:
    for method, path, operation in operations(client):
        for status, body in operation["responses"].items():
            if status[0] in "45":
                assert list(body["content"]) == ["application/problem+json"], f"{method} {path} {status}"


@pytest.mark.parametrize("status", ["421", "500", "503"])
def test_what_can_always_happen_is_declared_everywhere(client: Client, status: str) -> None:
    missing = [
        f"{method} {path}"
        for method, path, operation in operations(client)
        if status not in operation["responses"]
    ]
    assert missing == []


def test_references_resolve(client: Client) -> None:
    document = client.get("/openapi.json").json()
    text = client.get("/openapi.json").text
    used = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert used <= set(document["components"]["schemas"])
    assert not {"HTTPValidationError", "ValidationError"} & set(document["components"]["schemas"])
