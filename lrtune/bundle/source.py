"""A bundle's Python, parsed and never run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from lrtune.bundle.errors import BundleError

SOURCE_MAX = 1024 * 1024
"""Bytes of a Python file: a tree takes about a hundred times the memory of its source."""

SOURCES_MAX = 4 * SOURCE_MAX
"""Bytes of all Python files that a task imports from its bundle."""


def file_of(files: Mapping[str, bytes], module: str) -> str | None:
    """The file of a module (``a.b``): ``a/b.py`` or ``a/b/__init__.py``, whichever there is."""
    stem = module.replace(".", "/")
    return next((path for path in (f"{stem}/__init__.py", f"{stem}.py") if path in files), None)


def parse(file: str, content: bytes) -> ast.Module:
    """The tree of a file.

    Raises:
        BundleError: It is not Python; with the line.
    """
    if len(content) > SOURCE_MAX:
        raise BundleError(
            "bundle",
            f"{file} has {len(content)} bytes, more than {SOURCE_MAX} of Python.",
            "Move data out of the source, into a file of its own.",
            file=file,
        )
    try:
        return ast.parse(content, filename=file)
    except SyntaxError as error:
        where = f"{file}, line {error.lineno}" if error.lineno else file
        raise BundleError(
            "bundle",
            f"{where}: {error.msg}.",
            "Correct the line and push again.",
            file=file,
            line=error.lineno,
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise BundleError(
            "bundle",
            f"{file} is not Python: {str(error) or 'it nests too deep'}.",
            "Send source code.",
            file=file,
        ) from None


def imported(tree: ast.Module, module: str, *, package: bool) -> Iterator[tuple[str, int]]:
    """Names of modules that ``module`` imports anywhere in its source, absolute, with the line.

    ``from a import b`` gives ``a`` and ``a.b``, since b may be a module.

    Args:
        tree: Of the module.
        module: Its own name, for relative imports.
        package: Whether it is a package's ``__init__``.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".") if package else module.split(".")[:-1]
                above = parents[: len(parents) - node.level + 1]
                if node.level > len(parents) + 1:
                    continue
                base = ".".join([*above, *([base] if base else [])])
            if base:
                yield base, node.lineno
            for alias in node.names:
                if alias.name != "*":
                    yield (f"{base}.{alias.name}" if base else alias.name), node.lineno


def reached(files: Mapping[str, bytes], module: str) -> list[str]:
    """The files of ``module`` and of every module of the bundle that it imports, however far.

    Raises:
        BundleError: One of them is not Python, or they are too large together.
    """
    found: list[str] = []
    size = 0
    waiting = [module]
    while waiting:
        name = waiting.pop()
        file = file_of(files, name)
        if file is None or file in found:
            continue
        found.append(file)
        size += len(files[file])
        if size > SOURCES_MAX:
            raise BundleError(
                "bundle",
                f"The modules that {module} imports have more than {SOURCES_MAX} bytes of Python.",
                "Name libraries in the requirements instead of putting them into the bundle.",
            )
        tree = parse(file, files[file])
        waiting.extend(name.rsplit(".", n)[0] for n in range(1, name.count(".") + 1))
        package = file.endswith("/__init__.py")
        waiting.extend(other for other, _ in imported(tree, name, package=package))
    return found
