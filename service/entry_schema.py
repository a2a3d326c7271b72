"""The JSON schema of a task's parameters, read from the source of its entry function.

The source is parsed, never run: the server imports no user code and no torch.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

_TYPES: Mapping[str, str] = {"int": "integer", "float": "number", "bool": "boolean", "str": "string"}
_ARGUMENT = re.compile(r"^\s*(\w+): (.+)$")


class EntryError(ValueError):
    """The entry function cannot be read; the message says what and how to mend it."""


def read(files: Mapping[str, bytes], entry: str) -> dict[str, Any]:
    """The schema of the keyword arguments of ``entry`` (``module:function``).

    A parameter annotated int, float, bool, str, a Literal or one of these ``| None`` gets that type; any
    other annotation, or none, leaves the type open. Parameters without a default are required; ``**params``
    lets others through. Descriptions come from the docstring's ``Args:``.

    Raises:
        EntryError: No such file or function, or the file is not Python.
    """
    module, _, name = entry.partition(":")
    file = f"{module.replace('.', '/')}.py"
    if file not in files:
        raise EntryError(f"the entry {entry!r} names the file {file!r}, which is not among the task's files")
    try:
        tree = ast.parse(files[file], filename=file)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise EntryError(f"{file} is not Python: {error}") from None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return _schema(node)
    raise EntryError(f"{file} defines no function {name!r} at its top level")


def _schema(function: ast.FunctionDef) -> dict[str, Any]:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    first_default = len(positional) - len(arguments.defaults)
    defaults: list[ast.expr | None] = [None] * first_default + list(arguments.defaults)
    pairs = [
        *zip(positional, defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    descriptions = _descriptions(ast.get_docstring(function) or "")
    properties: dict[str, Any] = {}
    required = []
    for argument, default in pairs:
        schema = _of_annotation(argument.annotation)
        if default is None:
            required.append(argument.arg)
        else:
            schema |= _default(default)
        if argument.arg in descriptions:
            schema["description"] = descriptions[argument.arg]
        properties[argument.arg] = schema
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": arguments.kwarg is not None,
    }


def _of_annotation(node: ast.expr | None) -> dict[str, Any]:
    if isinstance(node, ast.Constant) and node.value is None:
        return {"type": "null"}
    if isinstance(node, ast.Name) and node.id in _TYPES:
        return {"type": _TYPES[node.id]}
    if isinstance(node, ast.Subscript) and _name(node.value) == "Literal":
        choices = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return {"enum": [choice.value for choice in choices if isinstance(choice, ast.Constant)]}
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        sides = [_of_annotation(node.left), _of_annotation(node.right)]
        return {"anyOf": sides} if all(sides) else {}
    return {}


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _default(node: ast.expr) -> dict[str, Any]:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return {}
    return {"default": value} if isinstance(value, int | float | str | None) else {}


def _descriptions(docstring: str) -> dict[str, str]:
    _, _, arguments = docstring.partition("Args:\n")
    found: dict[str, str] = {}
    for line in arguments.splitlines():
        if line and not line.startswith(" "):
            break
        match = _ARGUMENT.match(line)
        if match:
            found[match[1]] = match[2].replace("``", "")
    return found
