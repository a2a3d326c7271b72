"""The entry function of a task, read from its source: its parameters as a JSON schema, its first sentence.

The source is parsed, never run: the server imports no user code and no torch.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrtune.bundle.annotations import Names, last_name
from lrtune.bundle.errors import BundleError
from lrtune.bundle.source import file_of, parse

_ENTRY = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*:[A-Za-z_]\w*", re.ASCII)
_ARGUMENT = re.compile(r"^\s*(\w+): (.+)$")
_TAKEN = frozenset({*sys.stdlib_module_names, "lrtune", "numpy", "store", "torch", "workers"})
"""Modules that the trainer has imported already, or that may be: a task's own could not be told from them."""

_CONTRACTS = ("Task", "Loop")
"""What an entry function returns: a task, or a loop of the user's own."""

PARAMETERS_MAX = 100
DESCRIPTION_MAX = 500


@dataclass(frozen=True)
class Entry:
    """The entry function: the file it stands in, its parameters' schema, its description."""

    file: str
    params_schema: dict[str, Any]
    description: str


def read(files: Mapping[str, bytes], entry: str) -> Entry:
    """The function that ``entry`` (``module:function``) names.

    A parameter's annotation becomes its schema: int, float, bool, str, None, ``Literal``, ``Optional``,
    unions, lists, tuples, dicts, an enumeration (by its members' values, or by their names if not all values
    are written out) or alias of the same file, ``Annotated`` with the bounds of pydantic's ``Field`` or of
    annotated_types. Another one, or none, leaves the value open. Parameters without a default are required;
    ``**params`` lets others through. Descriptions come from the docstring's ``Args:``.

    Raises:
        BundleError: No such file or function, or the file is not Python.
    """
    if not _ENTRY.fullmatch(entry):
        raise BundleError(
            "entry", f"{entry[:100]!a} is not module:function.", "Name it like train:task, for train.py."
        )
    module, _, name = entry.partition(":")
    file = file_of(files, module)
    if file is None:
        there = ", ".join(sorted(path for path in files if path.endswith(".py"))[:10])
        raise BundleError(
            "entry",
            f"The bundle has no {module.replace('.', '/')}.py.",
            f"It holds {there}: name one of these." if there else "It holds no Python file: add one.",
        )
    if module.partition(".")[0] in _TAKEN:
        raise BundleError(
            "entry",
            f"{file} has the name of a module of Python's or of the trainer's.",
            "Rename the file, e.g. to train.py.",
            file=file,
        )
    tree = parse(file, files[file])
    node = _function(tree, file, name)
    docstring = ast.get_docstring(node) or ""
    said = (docstring or ast.get_docstring(tree) or "").strip().partition("\n\n")[0]
    return Entry(file, _schema(node, Names(tree), docstring, file), " ".join(said.split())[:DESCRIPTION_MAX])


def guess(file: str, content: bytes) -> str:
    """The function of a file that is its entry, where nobody says: the only one that returns a ``Task``
    or a ``Loop`` by its annotation, else one called ``task``, else the only public one.

    Raises:
        BundleError: The file is not Python, or it can't be told.
    """
    functions = [node for node in parse(file, content).body if isinstance(node, ast.FunctionDef)]
    public = [node.name for node in functions if not node.name.startswith("_")]
    for found in (
        [node.name for node in functions if _gives_task(node)],
        ["task"] * ("task" in public),
        public,
    ):
        if len(found) == 1:
            return found[0]
    if not public:
        raise BundleError(
            "entry", f"{file} defines no function.", "Define task(...) -> lrtune.Task.", file=file
        )
    raise BundleError(
        "entry",
        f"Which function of {file} is the entry? It has: {', '.join(public)}.",
        f"Name it: {file}:function.",
        file=file,
    )


def _gives_task(node: ast.FunctionDef) -> bool:
    returns = node.returns
    if isinstance(returns, ast.Constant) and isinstance(returns.value, str):
        return returns.value.rpartition(".")[2] in _CONTRACTS
    return returns is not None and last_name(returns) in _CONTRACTS


def _function(tree: ast.Module, file: str, name: str) -> ast.FunctionDef:
    for node in reversed(tree.body):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node
        kind = _other(node, name)
        if kind is not None:
            raise BundleError(
                "entry",
                f"{file}, line {node.lineno}: {name} is {kind}, not a function.",
                f"Define it there: def {name}(...) -> lrtune.Task.",
                file=file,
                line=node.lineno,
            )
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    listed = f"Its functions are {', '.join(functions[:20])}: name one of them, or d" if functions else "D"
    raise BundleError(
        "entry",
        f"{file} defines no function {name!r} at its top level.",
        f"{listed}efine {name}(...) -> lrtune.Task.",
        file=file,
    )


def _other(node: ast.stmt, name: str) -> str | None:
    """What else than a function of the file bears the name."""
    if isinstance(node, ast.AsyncFunctionDef) and node.name == name:
        return "a coroutine"
    if isinstance(node, ast.ClassDef) and node.name == name:
        return "a class"
    if isinstance(node, ast.Import | ast.ImportFrom):
        given = [alias.asname or alias.name for alias in node.names]
        return "imported" if name in given else None
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    if any(isinstance(target, ast.Name) and target.id == name for target in targets):
        return "a value"
    return None


def _schema(function: ast.FunctionDef, names: Names, docstring: str, file: str) -> dict[str, Any]:
    arguments = function.args
    if arguments.posonlyargs:
        raise BundleError(
            "entry",
            f"{file}, line {function.lineno}: {function.name} has positional-only parameters.",
            "Remove the slash: a job gives parameters by name.",
            file=file,
            line=function.lineno,
        )
    first_default = len(arguments.args) - len(arguments.defaults)
    defaults: list[ast.expr | None] = [None] * first_default + list(arguments.defaults)
    pairs = [
        *zip(arguments.args, defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    if len(pairs) > PARAMETERS_MAX:
        raise BundleError(
            "entry",
            f"{file}, line {function.lineno}: {function.name} has more than {PARAMETERS_MAX} parameters.",
            "Take some of them together, e.g. as a dict.",
            file=file,
            line=function.lineno,
        )
    descriptions = _descriptions(docstring)
    properties: dict[str, Any] = {}
    required = []
    for argument, default in pairs:
        schema = names.schema(argument.annotation)
        if default is None:
            required.append(argument.arg)
        else:
            schema |= names.default(default)
        if argument.arg in descriptions:
            schema["description"] = descriptions[argument.arg]
        properties[argument.arg] = schema
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": arguments.kwarg is not None,
    }


def _descriptions(docstring: str) -> dict[str, str]:
    _, _, arguments = docstring.partition("Args:\n")
    found: dict[str, str] = {}
    for line in arguments.splitlines():
        if line and not line.startswith(" "):
            break
        match = _ARGUMENT.match(line)
        if match:
            found[match[1]] = match[2].replace("``", "")[:DESCRIPTION_MAX]
    return found
