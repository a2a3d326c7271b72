"""Parameters against a task's JSON schema."""

from typing import Any

import pytest

from lrtune.bundle import params_schema

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "width": {"type": "integer", "minimum": 1, "maximum": 4096},
        "dropout": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
        "even": {"type": "integer", "multipleOf": 2},
        "positive": {"type": "number", "exclusiveMinimum": 0},
        "kind": {"enum": ["gelu", "relu"]},
        "fixed": {"const": 3},
        "bias": {"type": "boolean"},
        "name": {"type": "string", "minLength": 2, "maxLength": 4},
        "sizes": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3},
        "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "nested": {"type": "object", "required": ["a"], "additionalProperties": {"type": "integer"}},
        "either": {"type": ["string", "null"]},
    },
    "required": ["width"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("params", "fields"),
    [
        ({}, ["/params/width"]),
        ({"width": 0}, ["/params/width"]),
        ({"width": 5000}, ["/params/width"]),
        ({"width": "8"}, ["/params/width"]),
        ({"width": True}, ["/params/width"]),
        ({"width": 1.5}, ["/params/width"]),
        ({"width": 1, "dropout": 1}, ["/params/dropout"]),
        ({"width": 1, "positive": 0}, ["/params/positive"]),
        ({"width": 1, "even": 3}, ["/params/even"]),
        ({"width": 1, "kind": "tanh"}, ["/params/kind"]),
        ({"width": 1, "fixed": 4}, ["/params/fixed"]),
        ({"width": 1, "bias": 1}, ["/params/bias"]),
        ({"width": 1, "name": "a"}, ["/params/name"]),
        ({"width": 1, "name": "abcde"}, ["/params/name"]),
        ({"width": 1, "sizes": []}, ["/params/sizes"]),
        ({"width": 1, "sizes": [1, 2, 3, 4]}, ["/params/sizes"]),
        ({"width": 1, "sizes": [1, "2"]}, ["/params/sizes/1"]),
        ({"width": 1, "maybe": "x"}, ["/params/maybe"]),
        ({"width": 1, "nested": {"b": "x"}}, ["/params/nested/a", "/params/nested/b"]),
        ({"width": 1, "either": 3}, ["/params/either"]),
        ({"widht": 1}, ["/params/width", "/params/widht"]),
    ],
)
def test_wrong(params: dict[str, Any], fields: list[str]) -> None:
    errors = list(params_schema.check(SCHEMA, params, "/params"))
    assert [error.field for error in errors] == fields
    assert all(error.detail and error.remedy for error in errors)


@pytest.mark.parametrize(
    "params",
    [
        {"width": 1},
        {"width": 2.0},
        {"width": 1, "dropout": 0.5, "even": 4, "positive": 1e-9, "kind": "relu", "fixed": 3, "bias": False},
        {"width": 1, "name": "abc", "sizes": [1], "maybe": None, "nested": {"a": 1}, "either": None},
    ],
)
def test_right(params: dict[str, Any]) -> None:
    assert list(params_schema.check(SCHEMA, params, "/params")) == []


def test_a_typo_is_told() -> None:
    [error] = params_schema.check(SCHEMA, {"width": 1, "dropuot": 0}, "/params")
    assert error.remedy == "Did you mean 'dropout'?"


def test_an_empty_schema_takes_anything() -> None:
    assert list(params_schema.check({}, {"a": [1, None]}, "")) == []
