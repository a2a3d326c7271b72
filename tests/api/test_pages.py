"""The pages: whole in every state of a job, safe with hostile text, and never from elsewhere."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args
from urllib.parse import urljoin

import httpx
import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from lrtune.schedules import FAMILIES
from lrtune.wire import JobError, JobRequest
from service import samples
from service.pages import accounts, comparing, figures, form, login, routes, static_files, subscriptions
from service.pages.data.families import COLOURS, colour
from service.routes.code import Framework
from store import Database, jobs, labels, tasks
from tests.api.conftest import Client
from tests.api.measured import running, succeeded

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
PAGES = ["/", "/submit", "/tasks", "/best", "/compare", "/workers", "/webhooks", "/account", "/admin"]
VOID = {"meta", "link", "input", "br", "img", "hr"}


class Page(HTMLParser):
    """A page that has been read: its text, its tags, and that every tag is closed in its place."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, attribute: str) -> list[str]:
        return [value for _, each in self.tags if (value := each.get(attribute)) is not None]


def read(client: Client, path: str, *, status: int = 200) -> Page:
    response = client.get(path, headers=BROWSER)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    checked(response)
    return Page(response.text)


def checked(response: httpx.Response) -> None:
    """A page runs nothing of its own text and loads nothing from elsewhere."""
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    page = Page(response.text)
    assert not {tag for tag, _ in page.tags} & {"style", "iframe", "object", "embed", "base"}
    assert [
        each for _, found in page.tags for each in found if each.startswith("on") or each == "style"
    ] == []
    assert {
        link for name in ("href", "src", "action") for link in page.all(name) if link and link[0] not in "/#?"
    } == set()
    scripts = [found for tag, found in page.tags if tag == "script"]
    assert all(found.get("src", "").startswith("/static/") for found in scripts)


def test_every_page_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "pages.md").read_text()
    documented = set(re.findall(r"^\| `(/\S*)` \|", text, re.MULTILINE))
    served = {
        route.path
        for router in (routes.router, comparing.router, subscriptions.router, accounts.router, login.router)
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in route.methods
    }
    assert documented == served - {"/jobs/{id}/live", "/changes", "/compare/data"}


@pytest.mark.parametrize("path", PAGES)
def test_every_page_of_an_empty_server(client: Client, path: str) -> None:
    page = read(client, path)
    assert page.tags[0] == ("html", {"lang": "en"})
    assert len(page.all("id")) == len(set(page.all("id")))


@pytest.mark.parametrize("path", PAGES)
def test_every_page_of_a_busy_server(client: Client, database: Database, path: str) -> None:
    succeeded(database, "a")
    running(database, "b")
    read(client, path)


def test_links_and_files_lead_somewhere(client: Client, database: Database) -> None:
    succeeded(database, "a")
    for path in [*PAGES, "/jobs/a"]:
        page = read(client, path)
        for link in {*page.all("href"), *page.all("src"), *page.all("action")}:
            target = urljoin(path, link)
            assert client.get(target, headers=BROWSER).status_code == 200, f"{path} -> {target}"


class TestJob:
    def test_queued(self, client: Client) -> None:
        job = client.post("/v1/jobs", json={"task": "digits-mlp"}).json()["id"]
        page = read(client, f"/jobs/{job}")
        assert "Waiting for a worker" in page.text
        assert page.all("hx-sse:connect") == [f"/v1/jobs/{job}/events"]
        assert f"POST /v1/jobs/{job}/cancel" in page.all("data-api")

    def test_running(self, client: Client, database: Database) -> None:
        running(database, "a")
        page = read(client, "/jobs/a")
        assert ("li", {"class": "current", "aria-current": "step"}) in page.tags
        assert "Range test: it suggests an LR of 0.0032." in page.text
        assert "Suggested LR 0.0032" in " ".join(page.text.split())

    def test_succeeded(self, client: Client, database: Database) -> None:
        succeeded(database, "a")
        page = read(client, "/jobs/a")
        assert samples.ANSWER.verdict in page.text
        assert page.all("data-copy") == [f"code-{framework}" for framework in Framework]
        assert page.all("hx-sse:connect") == []
        assert "POST /v1/jobs/a/cancel" not in page.all("data-api")
        assert client.get("/v1/jobs/a/code").json()["code"].strip() in page.text

    def test_failed(self, client: Client, database: Database) -> None:
        running(database, "a")
        error = JobError(
            code="task_raised",
            detail="ValueError: no data",
            remedy="Look at your line.",
            file="mine.py",
            line=7,
        )
        with database.write() as tx:
            jobs.fail(tx, "a", error)
        page = read(client, "/jobs/a")
        assert "no data" in page.text
        assert "mine.py:7" in page.text

    def test_the_live_part_is_the_pages(self, client: Client, database: Database) -> None:
        running(database, "a")
        part = client.get("/jobs/a/live", headers=BROWSER).text
        assert "<html" not in part
        assert part.strip() in client.get("/jobs/a", headers=BROWSER).text

    def test_unknown(self, client: Client) -> None:
        page = read(client, "/jobs/nothing", status=404)
        assert "There is no job 'nothing'" in page.text


def test_jobs_side_by_side(client: Client, database: Database) -> None:
    succeeded(database, "a", mean=0.07)
    succeeded(database, "b", mean=0.05)
    page = read(client, "/compare?jobs=a&jobs=b")
    assert {"/jobs/a", "/jobs/b"} <= set(page.all("href"))
    lines = client.get("/compare/data?jobs=a,b").json()["lines"]
    assert [(line["name"], line["kind"]) for line in lines] == [("a", "finalist"), ("b", "chosen")]
    read(client, "/compare?jobs=a&jobs=nothing", status=404)


def test_lists_are_filtered(client: Client, database: Database) -> None:
    for job in ("a", "b"):
        running(database, job)
    with database.write() as tx:
        labels.tag(tx, "a", "paper")
        labels.archive(tx, "b", archived=True)
    assert "/jobs/b" not in read(client, "/").all("href")
    assert "/jobs/b" in read(client, "/?archived=true").all("href")
    assert "/jobs/a" in read(client, "/?tag=paper&task=&state=&author=&text=").all("href")
    assert "No job matches" in read(client, "/?author=nobody").text


def test_programs_get_problem_documents_and_browsers_pages(client: Client) -> None:
    assert client.get("/nowhere").headers["content-type"] == "application/problem+json"
    assert (
        client.get("/v1/jobs/nothing", headers=BROWSER).headers["content-type"] == "application/problem+json"
    )
    assert "There is nothing at /nowhere" in read(client, "/nowhere", status=404).text
    read(client, "/?state=odd", status=422)


def test_hostile_text_is_text(client: Client, database: Database) -> None:
    hostile = "<script>alert(1)</script>\"' onload=x"
    schema = {
        "type": "object",
        "properties": {hostile: {"enum": [hostile], "description": hostile}},
        "required": [],
    }
    with database.write() as tx:
        tasks.register(
            tx, name=hostile, entry="a:b", description=hostile, params_schema=schema, files={"a.py": b""}
        )
        jobs.submit(tx, JobRequest(task=hostile), job_id="a")
        jobs.fail(
            tx, "a", JobError(code="x", detail=hostile, remedy=hostile, file=hostile, traceback=hostile)
        )
    for path in [*PAGES, "/jobs/a"]:
        assert hostile in read(client, path).text or path in (
            "/workers",
            "/best",
            "/compare",
            "/webhooks",
            "/account",
            "/admin",
        )
    shown = client.get("/submit", params={"task": hostile}, headers=BROWSER)
    checked(shown)
    assert hostile in Page(shown.text).text


def leaves(model: type[BaseModel], pointer: str = "") -> set[str]:
    """Pointers of everything that a request may say."""
    found = set()
    for name, info in model.model_fields.items():
        kinds = [info.annotation, *get_args(info.annotation)]
        inner = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        found |= leaves(inner, f"{pointer}/{name}") if inner else {f"{pointer}/{name}"}
    return found


@pytest.mark.parametrize(
    ("address", "without"),
    [
        (
            "/submit?task=digits-mlp",
            {"/task", "/mode", "/params", "/external/steps_per_epoch", "/external/default_lr"},
        ),
        (
            "/submit?outside=true",
            {
                *("/mode", "/network", "/accumulate"),
                *(f"/range_test/{name}" for name in ("loss", "batch_sizes", "accumulate")),
            },
        ),
    ],
)
def test_the_form_has_a_field_for_every_part_of_a_request(
    client: Client, address: str, without: set[str]
) -> None:
    page = read(client, address)
    fields = {*page.all("data-path"), *page.all("data-list")}
    params = {field for field in fields if field.startswith("/params/")}
    assert fields - params == leaves(JobRequest) - without | {"/optimizer"}
    assert bool(params) == ("/params" in without)
    errors = set(page.all("data-error"))
    for field in fields:
        assert field in errors
    labelled = set(page.all("for"))
    assert [name for name in page.all("id") if name.startswith("f/") and name not in labelled] == []


def test_the_form_of_a_job_that_clients_train(client: Client) -> None:
    body = {"task": "jax", "mode": "external", "external": {"steps_per_epoch": 10}, "batch_size": 8}
    job = client.post("/v1/jobs", json=body).json()["id"]
    page = read(client, "/submit?task=jax")
    assert json.loads(page.all("data-body")[0]) == {"task": "jax", "mode": "external"}
    assert {"/params", "/external/steps_per_epoch"} <= set(page.all("data-path"))
    assert f'client.external("{job}")' in read(client, f"/jobs/{job}").text


def test_odd_parameters_of_a_task_are_fields_too(client: Client, database: Database) -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "boolean", "default": True},
            "b": {"type": "boolean"},
            "c": {"type": ["integer", "null"], "default": None},
            "d": {"$ref": "#/$defs/nothing"},
            "e": {"type": "object", "properties": {"x": {"type": "number"}}},
            "f": {"type": "array", "items": {"type": "string"}},
            "g": {"type": "number", "minimum": 0.5},
            "h/i": {"enum": [1, 2]},
        },
        "required": ["b"],
    }
    found = form.of(schema, outside=False, networked=True).plain[0]
    assert [(field.pointer, field.kind) for field in found.fields] == [
        *(("/params/a", "flag"), ("/params/b", "choice"), ("/params/c", "json"), ("/params/d", "json")),
        *(("/params/e", "json"), ("/params/f", "json"), ("/params/g", "number"), ("/params/h~1i", "choice")),
    ]
    assert found.fields[6].help == "At least 0.5."
    with database.write() as tx:
        tasks.register(tx, name="odd", entry="a:b", description="", params_schema=schema, files={"a.py": b""})
    read(client, "/submit?task=odd")


@pytest.mark.parametrize("name", ["app.js", "app.css", "icon.svg", "charts/chart.js", "vendor/htmx.min.js"])
def test_static_files(client: Client, name: str) -> None:
    response = client.get(f"/static/{name}")
    assert response.headers["content-type"] == static_files.TYPES[Path(name).suffix]
    again = client.get(f"/static/{name}", headers={"If-None-Match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["nothing.css", "..%2Froutes.py", "%2E%2E/routes.py", "vendor", "vendor/README.md", "%00"]
)
def test_no_other_file(client: Client, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_every_family_has_a_colour() -> None:
    css = (static_files.FOLDER / "app.css").read_text()
    numbers = {colour(name) for name in FAMILIES}
    assert len(numbers) == min(len(FAMILIES), COLOURS)
    assert [number for number in numbers if f"--family-{number}:" not in css] == []
    assert [number for number in numbers if f".swatch.family-{number} {{" not in css] == []


def test_files_of_others_are_as_they_came() -> None:
    folder = static_files.FOLDER / "vendor"
    listed = dict(
        re.findall(r"^\| `(\S+)` \|.* `(\w{64})` \|$", (folder / "README.md").read_text(), re.MULTILINE)
    )
    files = {path.name for path in folder.iterdir() if path.suffix in (".js", ".css")}
    assert {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files} == listed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (0.0041, "0.0041"),
        (1e-7, "1e-7"),
        (3.21e-5, "3.2e-5"),
        (0.5, "0.5"),
        (1234.5, "1234"),
    ],
)
def test_numbers(value: float | None, text: str) -> None:
    assert figures.number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (-1, "0 s"),
        (41.4, "41 s"),
        (130, "2 min 10 s"),
        (12_000, "3 h 20 min"),
        (100_000, "1 d 3 h"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert figures.duration(seconds) == text
