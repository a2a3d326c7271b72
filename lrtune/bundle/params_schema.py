"""Check a job's ``params`` against its task's JSON schema.

The subset of JSON Schema 2020-12 that a task's parameters need: ``type``, ``enum``, ``const``, bounds of
numbers, lengths of strings and lists, ``items``, ``properties``, ``required``, ``additionalProperties``,
``anyOf``. No ``pattern``: a regular expression of an uploaded task could stall the server. Other keywords
are annotations here.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from lrtune.wire import FieldError
from lrtune.wire.pointer import escape

_TYPES: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "null": ("null", (type(None),)),
    "boolean": ("true or false", (bool,)),
    "integer": ("a whole number", (int,)),
    "number": ("a number", (int, float)),
    "string": ("a string", (str,)),
    "array": ("a list", (list,)),
    "object": ("an object", (dict,)),
}

_RULES: tuple[tuple[str, Callable[[float, float], bool], str], ...] = (
    ("minimum", operator.ge, "of at least"),
    ("exclusiveMinimum", operator.gt, "above"),
    ("maximum", operator.le, "of at most"),
    ("exclusiveMaximum", operator.lt, "below"),
    ("multipleOf", lambda value, unit: value % unit == 0, "that is a multiple of"),
)


def check(schema: Mapping[str, Any], value: Any, field: str) -> Iterator[FieldError]:
    """Every way in which ``value`` breaks ``schema``; ``field`` is the JSON pointer of ``value``."""
    if "anyOf" in schema:
        branches = [list(check(branch, value, field)) for branch in schema["anyOf"]]
        if branches and all(branches):
            yield from min(branches, key=len)
            return
    wrong_type = _type_error(schema, value, field)
    if wrong_type:
        yield wrong_type
        return
    yield from _choice(schema, value, field)
    if isinstance(value, dict):
        yield from _object(schema, value, field)
    elif isinstance(value, list):
        yield from _length(schema, value, field, "Items", "items")
        for number, item in enumerate(value):
            yield from check(schema.get("items", {}), item, f"{field}/{number}")
    elif isinstance(value, str):
        yield from _length(schema, value, field, "Length", "characters")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _bounds(schema, value, field)


def _type_error(schema: Mapping[str, Any], value: Any, field: str) -> FieldError | None:
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if not names or any(_is(name, value) for name in names):
        return None
    wanted = " or ".join(_TYPES[name][0] for name in names)
    return FieldError(field=field, detail=f"{_show(value)} is not {wanted}.", remedy=f"Give {wanted}.")


def _is(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[name][1])


def _choice(schema: Mapping[str, Any], value: Any, field: str) -> Iterator[FieldError]:
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    if choices is not None and value not in choices:
        listed = ", ".join(_show(choice) for choice in choices)
        yield FieldError(
            field=field, detail=f"{_show(value)} is not a choice.", remedy=f"Use one of: {listed}."
        )


def _object(schema: Mapping[str, Any], value: Mapping[str, Any], field: str) -> Iterator[FieldError]:
    properties: Mapping[str, Any] = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for name in schema.get("required", []):
        if name not in value:
            yield FieldError(field=f"{field}/{escape(name)}", detail="It is missing.", remedy="Add it.")
    for name, member in value.items():
        where = f"{field}/{escape(name)}"
        if name in properties:
            yield from check(properties[name], member, where)
        elif others is False:
            yield FieldError(
                field=where, detail=f"There is no parameter {name!r}.", remedy=_near(name, properties)
            )
        elif isinstance(others, Mapping):
            yield from check(others, member, where)


def _near(name: str, properties: Mapping[str, Any]) -> str:
    near = get_close_matches(name, list(properties), n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Remove it; the task takes: {', '.join(properties) or 'no parameters'}."


def _length(
    schema: Mapping[str, Any], value: str | list[Any], field: str, keyword: str, noun: str
) -> Iterator[FieldError]:
    low, high = schema.get(f"min{keyword}"), schema.get(f"max{keyword}")
    if low is not None and len(value) < low:
        yield FieldError(
            field=field, detail=f"It has {len(value)} {noun}.", remedy=f"Give at least {low} {noun}."
        )
    if high is not None and len(value) > high:
        yield FieldError(
            field=field, detail=f"It has {len(value)} {noun}.", remedy=f"Give at most {high} {noun}."
        )


def _bounds(schema: Mapping[str, Any], value: float, field: str) -> Iterator[FieldError]:
    for keyword, holds, words in _RULES:
        bound = schema.get(keyword)
        if bound is not None and not holds(value, bound):
            remedy = f"Give a number {words} {bound}."
            yield FieldError(field=field, detail=f"{_show(value)} is out of bounds.", remedy=remedy)


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
