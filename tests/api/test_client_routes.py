"""Every route of the OpenAPI document has a method of the client, or stands here as not meant for it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import lrtune.client
from lrtune.plots.canvas import Drawing
from lrtune.plots.range_test import range_test_figure
from service import samples
from tests.api.conftest import Client

NOT_MEANT = {
    "GET /healthz": "for whoever runs the server",
    "GET /readyz": "for whoever runs the server",
    "GET /metrics": "for Prometheus",
}
VERBS = {
    "get": "GET",
    "post": "POST",
    "post_once": "POST",
    "put": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "upload": "POST",
    "stream": "GET",
    "_get": "GET",
    "_items": "GET",
}
FOLDER = Path(lrtune.client.__file__).parent


def spoken() -> set[str]:
    """``VERB /path`` of every call in the client's source, with ``*`` for what is filled in."""
    found = set()
    for file in FOLDER.glob("*.py"):
        tree = ast.parse(file.read_text())
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if name in VERBS:
                found |= {f"{VERBS[name]} {path}" for each in call.args for path in paths(each)}
    return found


def paths(node: ast.expr) -> set[str]:
    """The path that an argument spells, if it is one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value} if node.value.startswith("/") else set()
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(v.value) if isinstance(v, ast.Constant) else "*" for v in node.values)
        return {text} if text.startswith("/") else set()
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        kind = {"of_job": "/v1/jobs/*", "_of_task": "/v1/tasks/*", "_of": "/v1/webhooks/*"}.get(node.func.id)
        rest = "".join(path for each in node.args[1:] for path in paths(each))
        return {kind + rest} if kind else set()
    return set()


def test_every_route_has_a_method_or_is_not_meant_for_the_client(client: Client) -> None:
    known = spoken()
    missing = [
        key
        for path, item in client.get("/openapi.json").json()["paths"].items()
        for key in (f"{method.upper()} {path}" for method in item)
        if re.sub(r"\{\w+\}", "*", key) not in known and key not in NOT_MEANT
    ]
    assert missing == []


def test_what_is_drawn_is_a_figure_that_notebooks_show() -> None:
    drawn = range_test_figure(samples.RANGE_TEST)
    assert isinstance(drawn, Drawing)
    assert drawn._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize("path", ["/v1/jobs/*/export", "/v1/compare", "/v1/webhooks/*/test"])
def test_the_reading_of_the_source_finds_calls(path: str) -> None:
    assert any(each.endswith(path) for each in spoken())
