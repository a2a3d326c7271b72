"""JSON schemas of annotations, read from source: what a parameter of an entry function may be."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Mapping
from typing import Any

_TYPES: Mapping[str, str] = {"int": "integer", "float": "number", "bool": "boolean", "str": "string"}
_LISTS = frozenset({"list", "List", "Sequence", "Iterable", "Collection"})
_MAPPINGS = frozenset({"dict", "Dict", "Mapping"})
_NUMBER_BOUNDS: Mapping[str, str] = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
}
_BOUND_CLASSES: Mapping[str, str] = {
    "Ge": "ge",
    "Gt": "gt",
    "Le": "le",
    "Lt": "lt",
    "MultipleOf": "multiple_of",
    "MinLen": "min_length",
    "MaxLen": "max_length",
}
UNREADABLE = (ValueError, TypeError, SyntaxError, MemoryError, RecursionError)
"""What reading a literal may raise, of whatever a user writes."""

DEPTH_MAX = 16
"""Annotations that nest deeper, aliases included, leave the rest open."""


class Names:
    """What a module's top level gives names to: aliases and constants, and enumerations."""

    def __init__(self, tree: ast.Module) -> None:
        self._values: dict[str, ast.expr] = {}
        self._enums: dict[str, dict[str, Any]] = {}
        for node in tree.body:
            if (
                isinstance(node, ast.Assign)
                and len(node.targets) == 1
                and isinstance(node.targets[0], ast.Name)
            ):
                self._values[node.targets[0].id] = node.value
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
                self._values[node.target.id] = node.value
            elif type(node).__name__ == "TypeAlias":  # the `type` statement, from Python 3.12 on
                self._values[node.name.id] = node.value  # type: ignore[attr-defined]
            elif isinstance(node, ast.ClassDef) and any("Enum" in last_name(base) for base in node.bases):
                self._enums[node.name] = _members(node)

    def schema(self, node: ast.expr | None, depth: int = 0) -> dict[str, Any]:
        """The schema of an annotation; ``{}``, which lets anything through, where it is not understood."""
        if node is None or depth > DEPTH_MAX:
            return {}
        if isinstance(node, ast.Constant):
            return self._constant(node.value, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._any_of([node.left, node.right], depth)
        if isinstance(node, ast.Subscript):
            return self._subscript(node, depth)
        name = last_name(node)
        if isinstance(node, ast.Name) and name in self._enums:
            return {"enum": list(self._enums[name].values())} if self._enums[name] else {}
        if isinstance(node, ast.Name) and name in self._values:
            return self.schema(self._values[name], depth + 1)
        if name in _TYPES:
            return {"type": _TYPES[name]}
        if name in _LISTS or name in ("tuple", "Tuple"):
            return {"type": "array"}
        return {"type": "object"} if name in _MAPPINGS else {}

    def default(self, node: ast.expr) -> dict[str, Any]:
        """``{"default": …}`` of a default that is written out, by a name or as an enumeration's member."""
        for _ in range(DEPTH_MAX):
            if not (isinstance(node, ast.Name) and node.id in self._values):
                break
            node = self._values[node.id]
        if isinstance(node, ast.Attribute) and last_name(node.value) in self._enums:
            members = self._enums[last_name(node.value)]
            return {"default": members[node.attr]} if node.attr in members else {}
        try:
            value = plain(ast.literal_eval(node))
        except UNREADABLE:
            return {}
        return {"default": value}

    def _constant(self, value: Any, depth: int) -> dict[str, Any]:
        if value is None:
            return {"type": "null"}
        if not isinstance(value, str) or len(value) > 1000:
            return {}
        try:
            return self.schema(ast.parse(value, mode="eval").body, depth + 1)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return {}

    def _subscript(self, node: ast.Subscript, depth: int) -> dict[str, Any]:
        name = last_name(node.value)
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name == "Literal":
            return _literal(inner)
        if name == "Optional":
            return self._any_of([inner[0], ast.Constant(None)], depth)
        if name == "Union":
            return self._any_of(inner, depth)
        if name in ("Annotated", "Final", "ClassVar"):
            return self._bounded(self.schema(inner[0], depth + 1), inner[1:])
        if name in _LISTS:
            return {"type": "array", "items": self.schema(inner[0], depth + 1)}
        if name in ("tuple", "Tuple"):
            return self._tuple(inner, depth)
        if name in _MAPPINGS:
            values = self.schema(inner[1], depth + 1) if len(inner) == 2 else {}
            return {"type": "object", "additionalProperties": values or True}
        return {}

    def _tuple(self, inner: list[ast.expr], depth: int) -> dict[str, Any]:
        if len(inner) == 2 and isinstance(inner[1], ast.Constant) and inner[1].value is Ellipsis:
            return {"type": "array", "items": self.schema(inner[0], depth + 1)}
        items = [self.schema(each, depth + 1) for each in inner]
        same = all(each == items[0] for each in items)
        return {
            "type": "array",
            "items": items[0] if same else {},
            "minItems": len(items),
            "maxItems": len(items),
        }

    def _any_of(self, nodes: Iterable[ast.expr], depth: int) -> dict[str, Any]:
        sides: list[dict[str, Any]] = []
        for node in nodes:
            side = self.schema(node, depth + 1)
            if not side:
                return {}
            for each in side["anyOf"] if set(side) == {"anyOf"} else [side]:
                if each not in sides:
                    sides.append(each)
        return sides[0] if len(sides) == 1 else {"anyOf": sides}

    def _bounded(self, schema: dict[str, Any], extras: Iterable[ast.expr]) -> dict[str, Any]:
        """``schema`` with the bounds of pydantic's ``Field`` or of annotated_types: ``Ge(0)``,
        ``Field(gt=0)``."""
        bounded = dict(schema)
        for extra in extras:
            if not isinstance(extra, ast.Call):
                continue
            said = [(keyword.arg or "", keyword.value) for keyword in extra.keywords]
            alone = _BOUND_CLASSES.get(last_name(extra.func))
            if alone and extra.args:
                said.append((alone, extra.args[0]))
            for word, value in said:
                keyword = _keyword(word, schema)
                bound = self.default(value).get("default")
                if keyword and isinstance(bound, int | float) and not isinstance(bound, bool):
                    bounded[keyword] = bound
        return bounded


def last_name(node: ast.expr) -> str:
    """``c`` of ``a.b.c``."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def plain(value: Any, depth: int = 0) -> Any:
    """A literal as JSON has it.

    Raises:
        ValueError: JSON, or the database, has no such value.
    """
    if depth > DEPTH_MAX:
        raise ValueError("nests too deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, str) and len(value) <= 1000 and value.isprintable():
        return value
    if isinstance(value, list | tuple) and len(value) <= 100:
        return [plain(each, depth + 1) for each in value]
    if isinstance(value, dict) and len(value) <= 100 and all(isinstance(key, str) for key in value):
        return {plain(key): plain(each, depth + 1) for key, each in value.items()}
    raise ValueError("no JSON value")


def _literal(nodes: Iterable[ast.expr]) -> dict[str, Any]:
    choices = []
    for node in nodes:
        try:
            choices.append(plain(ast.literal_eval(node)))
        except UNREADABLE:
            return {}
    return {"enum": choices} if choices else {}


def _members(node: ast.ClassDef) -> dict[str, Any]:
    """What stands for the members of an enumeration, by their names: their values, or where not all of these
    are written out, their names."""
    found: dict[str, Any] = {}
    read = True
    for each in node.body:
        target = each.targets[0] if isinstance(each, ast.Assign) else getattr(each, "target", None)
        value: ast.expr | None = getattr(each, "value", None)
        if not isinstance(target, ast.Name) or value is None or target.id.startswith("_"):
            continue
        name = target.id
        if isinstance(value, ast.Call) and last_name(value.func) == "auto":
            found[name] = name.lower()
            read &= any(last_name(base) == "StrEnum" for base in node.bases)
            continue
        try:
            found[name] = plain(ast.literal_eval(value))
        except UNREADABLE:
            found[name] = None
            read = False
    return found if read else {name: name for name in found}


def _keyword(word: str, schema: Mapping[str, Any]) -> str | None:
    if word in ("min_length", "max_length"):
        noun = {"string": "Length", "array": "Items"}.get(str(schema.get("type")))
        return f"{word[:3]}{noun}" if noun else None
    return _NUMBER_BOUNDS.get(word)
