"""Pushing tasks: what is kept, what is refused, and that nothing of it is run."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from lrtune.bundle.archive import SENT_MAX
from lrtune.wire import Role
from service.app import create_app
from service.bodies import DRAIN_BYTES
from service.settings import Settings, load
from store import Database
from tests.api.conftest import Client
from tests.api.members import enrol, speaking
from tests.api.problem import problem
from tests.unit.bundle.zips import zipped

SOURCE = b'''"""Mine."""
import lrtune

raise SystemExit("the server ran it")

def task(width: int = 8) -> lrtune.Task:
    """Read digits.

    Args:
        width: Of the layer.
    """
'''
FORM = {"name": "mine", "entry": "train:task"}


def push(client: Client, content: bytes = SOURCE, filename: str = "train.py", **form: str) -> httpx.Response:
    return client.post("/v1/tasks", files={"bundle": (filename, content)}, data={**FORM, **form})


def detail(response: httpx.Response, field: str) -> str:
    """What a 422 says of the one field it names."""
    [error] = problem(response, "invalid_request", field)["errors"]
    assert error["remedy"]
    return str(error["detail"])


def test_a_file_becomes_a_task(client: Client) -> None:
    response = push(client, requirements="# shapes\neinops>=0.8")
    assert response.status_code == 201
    task = response.json()
    assert response.headers["location"] == "/v1/tasks/mine@1"
    assert (task["name"], task["version"], task["entry"]) == ("mine", 1, "train:task")
    assert task["description"] == "Read digits."
    assert task["params_schema"]["properties"]["width"]["default"] == 8
    assert task["requirements"] == "einops>=0.8"
    assert task["size"] == len(SOURCE)
    assert client.get("/v1/tasks/mine").json() == task
    assert client.get(f"/v1/tasks/mine@{task['digest'][:8]}").json() == task
    assert task in client.get("/v1/tasks").json()["items"]


def test_the_same_content_is_the_same_version_however_it_is_packed(client: Client) -> None:
    first = push(client)
    for content, filename in ((SOURCE, "train.py"), (zipped({"train.py": SOURCE}), "x.zip")):
        again = push(client, content, filename)
        assert (again.status_code, again.json()) == (200, first.json())
    for change in ({"requirements": "einops"}, {"content": SOURCE + b"\n"}):
        other = push(client, **change)  # type: ignore[arg-type]
        assert other.status_code == 201
        assert other.json()["digest"] != first.json()["digest"]
    assert client.get("/v1/tasks/mine").json()["version"] == 3


def test_the_bundle_comes_back_and_is_the_same_version(client: Client) -> None:
    files = {"train.py": SOURCE, "data/a.csv": b"1,2\n"}
    task = push(client, zipped(files), "x.zip").json()
    response = client.get("/v1/tasks/mine@1/bundle")
    assert response.headers["content-type"] == "application/zip"
    assert response.headers["content-disposition"] == 'attachment; filename="mine-1.zip"'
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files
    assert push(client, response.content, "x.zip").json() == task


def test_a_job_is_checked_against_what_was_pushed(client: Client) -> None:
    push(client)
    assert client.post("/v1/jobs", json={"task": "mine@1", "params": {"width": 4}}).status_code == 202
    wrong = client.post("/v1/jobs", json={"task": "mine", "params": {"width": "wide"}})
    detail(wrong, "/params/width")


def test_further_versions_are_for_the_author_and_admins(client: Client, database: Database) -> None:
    assert push(client, name="old").status_code == 201
    root = speaking(client, enrol(database, "root", Role.ADMIN).secret)
    ada, bob = (speaking(client, enrol(database, name, Role.MEMBER).secret) for name in ("ada", "bob"))
    assert push(ada).json()["author"] == "ada"
    refused = problem(push(bob, SOURCE + b"\n"), "not_owner")
    assert refused["detail"] == "The task mine is ada's; you are bob."
    assert "Choose another name" in refused["remedy"]
    assert push(bob).status_code == 200  # the same content changes nothing
    assert push(bob, name="bobs").status_code == 201
    assert [push(who, SOURCE + b"#" * n).json()["version"] for n, who in enumerate((ada, root, ada), 1)] == [
        2, 3, 4,
    ]  # fmt: skip
    assert "made without accounts" in problem(push(ada, SOURCE + b"\n", name="old"), "not_owner")["detail"]
    assert push(root, SOURCE + b"\n", name="old").json()["version"] == 2
    outside = {"task": "hers", "mode": "external", "external": {"steps_per_epoch": 5}, "batch_size": 1}
    assert ada.post("/v1/jobs", json=outside).status_code == 202
    problem(push(bob, name="hers"), "not_owner")


def test_requirements_may_come_as_a_file(client: Client) -> None:
    files = {"bundle": ("train.py", SOURCE), "requirements": ("requirements.txt", b"einops\n")}
    assert client.post("/v1/tasks", files=files, data=FORM).json()["requirements"] == "einops"


@pytest.mark.parametrize(
    ("change", "where", "says"),
    [
        ({"content": zipped({"../train.py": SOURCE}), "filename": "x.zip"}, "/bundle", "leave its folder"),
        ({"content": b"GIF89a", "filename": "x.gif"}, "/bundle", "neither a Python file nor a zip"),
        ({"content": b"def task(:\n", "filename": "train.py"}, "/bundle", "train.py, line 1"),
        (
            {
                "content": zipped({"train.py": b"import b\ndef task(): ...", "b.py": b"\n\n)"}),
                "filename": "x.zip",
            },
            "/bundle",
            "b.py, line 3",
        ),
        ({"content": zipped({"x": bytes(30 * 2**20)}), "filename": "x.zip"}, "/bundle", "times as large"),
        ({"content": b"DATA = {'a': lrtune.Data(path='x')}\ndef task(): ..."}, "/bundle", "line 1"),
        ({"entry": "train:missing"}, "/entry", "defines no function"),
        ({"entry": "other:task"}, "/entry", "no other.py"),
        ({"entry": "train"}, "/entry", "not module:function"),
        ({"content": b"task = 1"}, "/entry", "is a value, not a function"),
        ({"name": "no/name"}, "/name", "no name of a task"),
        ({"name": "digits-mlp"}, "/name", "name of an example"),
        ({"requirements": "--index-url https://x"}, "/requirements", "option of pip"),
        ({"filename": "con.py"}, "/bundle", "names the device"),
        ({"version": "3"}, "/version", "no field"),
    ],
)
def test_refused(client: Client, change: dict[str, Any], where: str, says: str) -> None:
    assert says in detail(push(client, **change), where)
    problem(client.get("/v1/tasks/mine"), "not_found")


def test_forms_that_are_none(client: Client) -> None:
    problem(client.post("/v1/tasks", json=FORM), "unsupported_media_type")
    problem(client.post("/v1/tasks", content=b""), "unsupported_media_type")
    broken = {"Content-Type": "multipart/form-data"}
    problem(client.post("/v1/tasks", content=b"x", headers=broken), "malformed_request")
    alone = client.post("/v1/tasks", files={"bundle": ("train.py", SOURCE)})
    problem(alone, "invalid_request", "/name", "/entry")
    many = [("bundle", ("train.py", SOURCE))] * 3
    problem(client.post("/v1/tasks", files=many, data=FORM), "malformed_request")
    assert "there twice" in detail(client.post("/v1/tasks", files=many[:2], data=FORM), "/bundle")
    text = client.post("/v1/tasks", files={"entry": b"train:task"}, data={"name": "mine", "bundle": "text"})
    problem(text, "invalid_request", "/bundle")


def test_references_that_are_none(client: Client) -> None:
    for ref in ("nothing", "digits-mlp@99", "digits-mlp@", "digits-mlp@zz", "%00", "x" * 300, "a%0Ab"):
        problem(client.get(f"/v1/tasks/{ref}"), "not_found")
        problem(client.get(f"/v1/tasks/{ref}/bundle"), "not_found")


class Endless:
    """A body that never ends, and counts what is taken of it."""

    def __init__(self) -> None:
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="bundle"; filename="x.zip"\r\n\r\n'
        while True:
            self.taken += 65_536
            yield bytes(65_536)


def test_an_endless_upload_is_refused_early(client: Client) -> None:
    body = Endless()
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    problem(client.post("/v1/tasks", content=body, headers=headers), "body_too_large")
    assert body.taken <= DRAIN_BYTES + 2 * 65_536


def test_an_upload_that_announces_4_gb_is_refused_unread(client: Client) -> None:
    body = Endless()
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(4 * 2**30)}
    problem(client.post("/v1/tasks", content=body, headers=headers), "body_too_large")
    assert body.taken == 0


def test_the_limit_is_a_setting(settings: Settings, database: Database, client: Client) -> None:
    small = load({"LRTUNE_HOME": str(settings.home), "LRTUNE_UPLOAD_LIMIT": "2048"}, workers=0)
    strict = Client(create_app(small, database), client._portal, "http://localhost:8765")
    problem(push(strict, SOURCE + bytes(2048)), "body_too_large")
    assert push(strict).status_code == 201
    assert settings.upload_limit == SENT_MAX


def test_which_requirements_is_a_setting(settings: Settings, database: Database, client: Client) -> None:
    off = load({"LRTUNE_HOME": str(settings.home), "LRTUNE_REQUIREMENTS": "off"}, workers=0)
    strict = Client(create_app(off, database), client._portal, "http://localhost:8765")
    detail(push(strict, requirements="einops"), "/requirements")
