"""The fields of the form that submits a job, made from the request's own schema and the task's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from lrtune.optimizers import OPTIMIZERS
from lrtune.schedules import FAMILIES
from lrtune.search import SAMPLERS
from lrtune.wire import JobRequest
from lrtune.wire.pointer import escape
from service.pages.figures import words

Kind = Literal["text", "number", "flag", "choice", "checks", "names", "json"]

SAID = frozenset({"/task", "/mode", "/params"})
"""What the page says itself: the task is chosen above the form, and brings its parameters."""

CHOICES: Mapping[str, Sequence[str]] = {
    "/optimizer/name": sorted(OPTIMIZERS),
    "/search/schedules": list(FAMILIES),
    "/search/sampler": sorted(SAMPLERS),
}
"""Fields whose values this server knows."""

LABELS = {
    "/optimizer/name": "Optimizer",
    "/metric/name": "Metric",
}
"""Fields that are not called as in the request."""

GROUPS = {
    "": "Job",
    "epochs": "Training",
    "batch_size": "Training",
    "accumulate": "Training",
    "precision": "Training",
    "optimizer": "Training",
    "metric": "Training",
    "external": "Outside training",
}
"""Headings by the first name in a pointer, where it is not that name itself."""

PLAIN = (
    *("/optimizer", "/epochs", "/batch_size", "/metric", "/external"),
    *("/search/trials", "/search/schedules", "/tags"),
)
"""What is asked for at once, in this order; everything else stands in the fold-out."""

WORKERS_ONLY = frozenset(
    {"/network", "/accumulate", "/range_test/loss", "/range_test/batch_sizes", "/range_test/accumulate"}
)
"""Fields without a meaning where no worker trains."""


@dataclass(frozen=True)
class Field:
    """A field: where in the body its value goes, and how it is asked for.

    Attributes:
        default: What holds if it is left empty; None where nothing does, or the server chooses.
        refused: Why this server would refuse any value but the default; empty if it would not.
    """

    pointer: str
    label: str
    kind: Kind
    default: Any = None
    help: str = ""
    choices: tuple[Any, ...] = ()
    required: bool = False
    refused: str = ""


REST = {
    "/optimizer": Field(
        "/optimizer",
        "Optimizer options (JSON)",
        "json",
        '{"weight_decay": 0.01}',
        "Any option of the torch.optim class but its LR.",
    ),
    "/params": Field(
        "/params", "Parameters (JSON)", "json", '{"width": 256}', "What you like to know it by."
    ),
}
"""What takes the names that an object allows without listing them; the default is an example."""


@dataclass(frozen=True)
class Group:
    """Fields under a heading."""

    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Form:
    """The groups that everybody needs, and those in the fold-out."""

    plain: tuple[Group, ...]
    more: tuple[Group, ...]


def of(params_schema: Mapping[str, Any], *, outside: bool, networked: bool) -> Form:
    """The form for a task.

    Args:
        params_schema: Of the task's parameters.
        outside: Whether its trials are trained outside, by clients.
        networked: Whether the server lets the task use the network.
    """
    asked = [field for field in _of_request(JobRequest.model_json_schema()) if _belongs(field, outside)]
    if outside:
        asked = [replace(f, required=True) if f.pointer == "/batch_size" else f for f in asked]
    if not networked:
        refused = "Its operator has not named the task in LRTUNE_NETWORK_TASKS."
        asked = [replace(f, refused=refused) if f.pointer == "/network" else f for f in asked]
    params = tuple(_of_params(params_schema))
    plain = _groups(field for begin in PLAIN for field in asked if field.pointer.startswith(begin))
    more = _groups(field for field in asked if not field.pointer.startswith(PLAIN))
    return Form(plain=(*([Group("Parameters", params)] if params else []), *plain), more=more)


def _belongs(field: Field, outside: bool) -> bool:
    if field.pointer.startswith("/external"):
        return outside
    return field.pointer not in SAID and not (outside and field.pointer in WORKERS_ONLY)


def _groups(fields: Iterator[Field]) -> tuple[Group, ...]:
    found: dict[str, list[Field]] = {}
    for field in fields:
        name = field.pointer.split("/")[1]
        nested = field.pointer.count("/") > 1 or name in GROUPS
        found.setdefault(GROUPS.get(name, _label(name)) if nested else GROUPS[""], []).append(field)
    return tuple(Group(title, tuple(group)) for title, group in found.items())


def _of_request(root: Mapping[str, Any]) -> Iterator[Field]:
    def of_object(schema: Mapping[str, Any], pointer: str) -> Iterator[Field]:
        for name, said in schema["properties"].items():
            where, found = f"{pointer}/{name}", _resolved(said, root)
            if "properties" in found:
                yield from of_object(found, where)
            else:
                yield _field(where, name, found, required=name in schema.get("required", ()))
        if schema.get("additionalProperties") is not False:
            yield REST[pointer]

    return of_object(root, "")


def _of_params(schema: Mapping[str, Any]) -> Iterator[Field]:
    properties: Mapping[str, Any] = schema.get("properties", {})
    for name, said in properties.items():
        yield _field(f"/params/{escape(name)}", name, said, required=name in schema.get("required", ()))
    if schema.get("additionalProperties", not properties) is not False:
        yield REST["/params"]


def _field(pointer: str, name: str, schema: Mapping[str, Any], *, required: bool) -> Field:
    choices = tuple(CHOICES.get(pointer, schema.get("enum", ())))
    default = schema.get("default")
    label = name if pointer.startswith("/params/") else _label(name)
    return Field(
        pointer=pointer,
        label=LABELS.get(pointer, label),
        kind=_kind(pointer, schema, choices),
        default=default,
        help=" ".join(filter(None, (str(schema.get("description", "")), _bounds(schema)))),
        choices=choices or ((True, False) if schema.get("type") == "boolean" else ()),
        required=required,
    )


def _kind(pointer: str, schema: Mapping[str, Any], choices: Sequence[Any]) -> Kind:
    kind = schema.get("type")
    if kind == "array":
        return "checks" if choices else "names" if pointer == "/tags" else "json"
    if kind == "boolean":
        return "flag" if isinstance(schema.get("default"), bool) else "choice"
    if choices:
        return "choice"
    kinds: Mapping[Any, Kind] = {"integer": "number", "number": "number", "string": "text"}
    return kinds.get(kind, "json") if isinstance(kind, str) else "json"


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself where it is a reference, and its one kind where it may also be null."""
    outer = {name: value for name, value in schema.items() if name not in ("$ref", "anyOf")}
    if "$ref" in schema:
        return {**root["$defs"][schema["$ref"].rpartition("/")[2]], **outer}
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    return {**_resolved(kinds[0], root), **outer} if len(kinds) == 1 else schema


def _bounds(schema: Mapping[str, Any]) -> str:
    if schema.get("type") not in ("integer", "number"):
        return ""
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{_figure(low)} to {_figure(high)}."
    if low is not None:
        return f"At least {_figure(low)}."
    return "" if high is None else f"At most {_figure(high)}."


def _figure(value: float) -> str:
    return f"{value:g}" if isinstance(value, float) else f"{value:,}"


def _label(name: str) -> str:
    """min_lr -> Min LR."""
    text = words(name).replace("lr", "LR")
    return text[:1].upper() + text[1:]
