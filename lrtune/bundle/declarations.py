"""The data that a task declares, read from its source."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from lrtune.bundle.annotations import last_name
from lrtune.bundle.errors import BundleError
from lrtune.bundle.source import parse
from lrtune.data.declared import Data
from lrtune.task import TaskError
from lrtune.wire import DataSource

NAME = "DATA"
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
DATA_MAX = 50
_WRITE_OUT = f'Write it out: {NAME} = {{"mnist": lrtune.Data(url="https://…", sha256="…")}}.'


def read(file: str, content: bytes) -> dict[str, DataSource]:
    """What the dict ``DATA`` at the top level of the file declares; nothing where it declares no ``Data``.

    Raises:
        BundleError: It is not written out in literals, or a declaration is wrong; with the line.
    """
    found: dict[str, DataSource] = {}
    for node in parse(file, content).body:
        if not _declares(node):
            continue
        assert isinstance(node, ast.Assign | ast.AnnAssign)
        if not isinstance(node.value, ast.Dict):
            raise _wrong(file, node, f"{NAME} is not written out as a dict.", _WRITE_OUT)
        for key, value in zip(node.value.keys, node.value.values, strict=True):
            found |= _item(file, node, key, value)
    if len(found) > DATA_MAX:
        raise BundleError(
            "data", f"{file} declares more than {DATA_MAX} data sets.", "Put some into one archive."
        )
    return found


def _declares(node: ast.stmt) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return False
    named = any(isinstance(target, ast.Name) and target.id == NAME for target in targets)
    return named and any(
        isinstance(each, ast.Call) and last_name(each.func) == "Data" for each in ast.walk(node)
    )


def _item(file: str, node: ast.stmt, key: ast.expr | None, value: ast.expr) -> Mapping[str, DataSource]:
    if not isinstance(key, ast.Constant) or not isinstance(key.value, str) or not _KEY.fullmatch(key.value):
        raise _wrong(
            file,
            key or node,
            f"A key of {NAME} is no plain name.",
            "Use letters, digits, dots, dashes and underscores, in quotes.",
        )
    words = {}
    if not isinstance(value, ast.Call) or last_name(value.func) != "Data" or value.args:
        raise _wrong(file, value, f"{NAME}[{key.value!r}] is no lrtune.Data(...).", _WRITE_OUT)
    for keyword in value.keywords:
        if not isinstance(keyword.value, ast.Constant) or not isinstance(keyword.value.value, str | None):
            raise _wrong(file, value, f"{NAME}[{key.value!r}] is not written out in quotes.", _WRITE_OUT)
        words[keyword.arg or "**"] = keyword.value.value
    try:
        data = Data(**words)
    except TaskError as error:
        detail = f"{NAME}[{key.value!r}]: {error.field} {error.detail}."
        remedy = error.remedy[:1].upper() + error.remedy[1:] + "."
        raise _wrong(file, value, detail, remedy) from None
    except TypeError:
        raise _wrong(
            file, value, f"{NAME}[{key.value!r}] has another field than url, sha256 and path.", _WRITE_OUT
        ) from None
    return {key.value: DataSource(url=data.url, sha256=data.sha256, path=data.path)}


def _wrong(file: str, node: ast.stmt | ast.expr, detail: str, remedy: str) -> BundleError:
    return BundleError("data", f"{file}, line {node.lineno}: {detail}", remedy, file=file, line=node.lineno)
