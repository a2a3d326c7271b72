"""FastAPI's validation errors, told as fields at fault: a JSON pointer, what is wrong, how to mend it.

A field of the body is a JSON pointer (``/search/trials``, the empty pointer is the body itself); a query
parameter is ``?name``, a header its name, a path parameter ``{name}``.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

from lrtune.sentence import sentence
from lrtune.wire import FieldError
from lrtune.wire.pointer import escape
from service.problems import ProblemError, field_problem

_REMEDIES: Mapping[str, str] = {
    "missing": "Add it.",
    "greater_than": "Give a number above {gt}.",
    "greater_than_equal": "Give a number of at least {ge}.",
    "less_than": "Give a number below {lt}.",
    "less_than_equal": "Give a number of at most {le}.",
    "finite_number": "Give a finite number.",
    "int_type": "Give a whole number.",
    "int_parsing": "Give a whole number.",
    "int_from_float": "Give a whole number.",
    "float_type": "Give a number.",
    "float_parsing": "Give a number.",
    "bool_type": "Give true or false.",
    "bool_parsing": "Give true or false.",
    "string_type": "Give a string.",
    "string_too_short": "Give at least {min_length} characters.",
    "string_too_long": "Give at most {max_length} characters.",
    "too_short": "Give at least {min_length} items.",
    "too_long": "Give at most {max_length} items.",
    "list_type": "Give a list.",
    "tuple_type": "Give a list.",
    "dict_type": "Give an object.",
    "model_type": "Give an object.",
    "model_attributes_type": "Give an object.",
    "enum": "Give one of {expected}.",
    "literal_error": "Give one of {expected}.",
}
"""What to do about an error of pydantic's, by its type; braces are filled from the error's context."""

_ABOUT_FIELD: Mapping[str, str] = {
    "/range_test": "Give min_lr below max_lr, at least two decades apart, e.g. 1e-7 and 10.",
    "/range_test/batch_sizes": "Name each batch size once.",
    "/range_test/accumulate": "Name each number of batches once.",
    "/search/schedules": "Name each schedule family once.",
}
"""Remedies of the wire models' own checks, by field."""


def from_pydantic(errors: Sequence[Mapping[str, Any]], body: Any = None) -> ProblemError:
    """The 422 of a request that FastAPI found wrong; ``body`` is the type of its route's body."""
    return field_problem([_field_error(error, _model(body)) for error in errors])


def _field_error(error: Mapping[str, Any], body: type[BaseModel] | None) -> FieldError:
    field = _field(error["loc"])
    kind = str(error["type"])
    detail = str(error["msg"]).removeprefix("Value error, ")
    if kind == "missing" and not field:
        return FieldError(field="", detail="The body is missing.", remedy="Send a JSON object.")
    if kind == "extra_forbidden":
        name = str(error["loc"][-1])
        detail = f"There is no field {name!r} here"
        return FieldError(field=field, detail=f"{detail}.", remedy=_near(error["loc"], name, body))
    remedy = _ABOUT_FIELD.get(field) if kind == "value_error" else None
    if remedy is None:
        remedy = _REMEDIES.get(kind, "Correct it.").format_map(_Context(error.get("ctx") or {}))
    return FieldError(field=field, detail=sentence(detail), remedy=remedy)


class _Context(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "the bound"


def _field(loc: Sequence[str | int]) -> str:
    place, *rest = loc
    if place == "body":
        return "".join(f"/{escape(str(step))}" for step in rest)
    name = str(rest[0]) if rest else ""
    return {"query": f"?{name}", "path": f"{{{name}}}"}.get(str(place), name)


def _near(loc: Sequence[str | int], name: str, body: type[BaseModel] | None) -> str:
    known = _known_fields(body, loc[1:-1]) if loc[0] == "body" else []
    near = get_close_matches(name, known, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Remove it; known here: {', '.join(known)}." if known else "Remove it."


def _known_fields(model: type[BaseModel] | None, path: Sequence[str | int]) -> list[str]:
    """Field names of the part of ``model`` that ``path`` leads to."""
    for step in path:
        field = model.model_fields.get(str(step)) if model else None
        model = _model(field.annotation) if field else None
    return list(model.model_fields) if model else []


def _model(annotation: Any) -> type[BaseModel] | None:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return next((found for found in map(_model, typing.get_args(annotation)) if found), None)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
