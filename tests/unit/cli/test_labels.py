"""Tags, notes, archive and comparison on the command line."""

from __future__ import annotations

import json

from lrtune.cli import exits
from service import samples
from tests.unit.cli.conftest import Run
from tests.unit.client.fake import FakeServer, model

ID = samples.JOB.id
JOB = f"/v1/jobs/{ID}"
LABELLED = model(samples.LABELLED)


def test_tags(run: Run, server: FakeServer) -> None:
    for tag in ("paper", "v2"):
        server.on(f"PUT {JOB}/tags/{tag}", LABELLED).on(f"DELETE {JOB}/tags/{tag}", model(samples.JOB))
    assert run("tag", ID, "paper", "v2").stdout == f"Tags of job {ID}: paper.\n"
    assert run("tag", ID, "paper", "v2", "--remove").stdout == f"Tags of job {ID}: none.\n"
    assert [request.method for request in server.requests] == ["PUT", "PUT", "DELETE", "DELETE"]
    assert json.loads(run("tag", ID, "paper", "--json").stdout)["tags"] == ["paper"]
    wrong = run("tag", ID, "a/b")
    assert (wrong.exit_code, "is no tag" in wrong.stderr) == (exits.USAGE, True)


def test_notes(run: Run, server: FakeServer) -> None:
    server.on(f"PUT {JOB}/note", LABELLED).on(f"GET {JOB}", LABELLED).on(
        f"DELETE {JOB}/note", model(samples.JOB)
    )
    for arguments in (["The run for the paper."], []):
        assert run("note", ID, *arguments).stdout == "The run for the paper.\n"
    assert server.bodies() == [{"text": "The run for the paper."}]
    assert run("note", ID, "--remove").stdout == f"Job {ID} has no note.\n"
    assert run("note", ID, "x", "--remove").exit_code == exits.USAGE


def test_archive(run: Run, server: FakeServer) -> None:
    server.on(f"PUT {JOB}/archive", model(samples.JOB)).on(f"DELETE {JOB}/archive", model(samples.JOB))
    assert run("archive", ID, ID).stdout == f"Job {ID} is archived.\n" * 2
    assert run("archive", ID, "--undo").stdout == f"Job {ID} is back.\n"


def test_search(run: Run, server: FakeServer) -> None:
    server.on("GET /v1/jobs", model(samples.page(samples.LABELLED)))
    done = run("jobs", "--tag", "paper", "--author", "ada", "--query", "wide net", "--archived", "include")
    assert "#paper" in done.stdout
    sent = server.requests[0].url.params
    assert [sent[name] for name in ("tag", "author", "q", "archived")] == [
        "paper",
        "ada",
        "wide net",
        "include",
    ]


def test_compare(run: Run, server: FakeServer) -> None:
    server.on("GET /v1/compare", model(samples.COMPARISON))
    done = run("compare", ID, "8q2w5n6dk1ra")
    assert done.exit_code == exits.OK, done.stderr
    for word in (ID, "8q2w5n6dk1ra", "initial LR", "0.0041", "epochs", "40", "has no answer"):
        assert word in done.stdout
    assert server.requests[0].url.params["jobs"] == f"{ID},8q2w5n6dk1ra"
    assert json.loads(run("compare", ID, "8q2w5n6dk1ra", "--json").stdout)["best"] is None
    assert run("compare", ID).exit_code == exits.USAGE
