"""Every documented example is what its schema says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.api.conftest import Client


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def examples(media: dict[str, Any]) -> list[Any]:
    named = [each["value"] for each in media.get("examples", {}).values()]
    return [*named, *([media["example"]] if "example" in media else [])]


def contents(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body of every operation, with where it stands."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for name, body in bodies.items():
                for media_type, media in body.get("content", {}).items():
                    yield f"{method} {path} {name} {media_type}", media


def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_example_validates(document: dict[str, Any]) -> None:
    checked = 0
    for where, media in contents(document):
        for example in examples(media):
            schema = {**media["schema"], "components": document["components"]}
            errors = [error.message for error in Draft202012Validator(schema).iter_errors(example)]
            assert errors == [], where
            checked += 1
    assert checked > 15


def test_every_parameter_example_validates(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            for parameter in operation.get("parameters", []):
                for example in parameter["schema"].get("examples", []):
                    Draft202012Validator(parameter["schema"]).validate(example)
                assert "schema" in parameter, f"{method} {path}"
