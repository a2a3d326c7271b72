"""Tags, notes, archive and search over HTTP; jobs side by side."""

from __future__ import annotations

import pytest

from lrtune.wire import Comparison, Job
from store import Database
from tests.api.conftest import Client
from tests.api.measured import running, succeeded
from tests.api.problem import problem


def ids(client: Client, query: str) -> list[str]:
    return [each["id"] for each in client.get(f"/v1/jobs?{query}").json()["items"]]


def test_tags(client: Client, database: Database) -> None:
    job = running(database, "a")
    for _ in range(2):
        found = Job.model_validate(client.request("PUT", f"/v1/jobs/{job}/tags/paper-1").json())
    assert found.tags == ["paper-1"]
    assert ids(client, "tag=paper-1") == [job]
    assert client.request("DELETE", f"/v1/jobs/{job}/tags/paper-1").json()["tags"] == []
    assert ids(client, "tag=paper-1") == []


@pytest.mark.parametrize("tag", ["-x", "a%20b", "x" * 51, "%00"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_what_is_no_tag(client: Client, database: Database, method: str, tag: str) -> None:
    job = running(database, "a")
    problem(client.request(method, f"/v1/jobs/{job}/tags/{tag}"), "invalid_request", "{tag}")


def test_a_job_has_at_most_fifty_tags(client: Client, database: Database) -> None:
    job = running(database, "a")
    for number in range(50):
        assert client.request("PUT", f"/v1/jobs/{job}/tags/t{number}").status_code == 200
    problem(client.request("PUT", f"/v1/jobs/{job}/tags/more"), "invalid_request", "{tag}")
    assert len(client.get(f"/v1/jobs/{job}").json()["tags"]) == 50


def test_a_note(client: Client, database: Database) -> None:
    job = running(database, "a")
    assert (
        client.request("PUT", f"/v1/jobs/{job}/note", json={"text": "Look here"}).json()["note"]
        == "Look here"
    )
    assert ids(client, "q=look") == [job]
    assert client.request("DELETE", f"/v1/jobs/{job}/note").json()["note"] is None
    problem(client.request("PUT", f"/v1/jobs/{job}/note", json={"text": ""}), "invalid_request", "/text")


def test_the_archive(client: Client, database: Database) -> None:
    job = running(database, "a")
    assert client.request("PUT", f"/v1/jobs/{job}/archive").json()["archived_at"] is not None
    assert (ids(client, ""), ids(client, "archived=only")) == ([], [job])
    assert client.request("DELETE", f"/v1/jobs/{job}/archive").json()["archived_at"] is None
    assert ids(client, "archived=include") == [job]
    problem(client.get("/v1/jobs?archived=perhaps"), "invalid_request", "?archived")


@pytest.mark.parametrize("what", ["tags/x", "note", "archive"])
def test_labels_of_no_job(client: Client, what: str) -> None:
    body = {"json": {"text": "x"}} if what == "note" else {}
    problem(client.request("PUT", f"/v1/jobs/none/{what}", **body), "not_found")
    problem(client.request("DELETE", f"/v1/jobs/none/{what}"), "not_found")


def test_tags_of_a_new_job_are_no_part_of_its_identity(client: Client) -> None:
    key = {"Idempotency-Key": "k"}
    first = client.post("/v1/jobs", json={"task": "digits-mlp", "tags": ["x"]}, headers=key).json()
    again = client.post("/v1/jobs", json={"task": "digits-mlp", "tags": ["y"]}, headers=key).json()
    assert (first["id"], first["tags"]) == (again["id"], again["tags"])
    problem(client.post("/v1/jobs", json={"task": "digits-mlp", "tags": ["-"]}), "invalid_request", "/tags/0")


class TestCompare:
    def test_what_differs_and_which_did_best(self, client: Client, database: Database) -> None:
        for job, mean in (("a", 0.07), ("b", 0.05)):
            succeeded(database, job, mean=mean)
        running(database, "c")
        found = Comparison.model_validate(client.get("/v1/compare?jobs=a,b,c").json())
        assert [each.job.id for each in found.jobs] == ["a", "b", "c"]
        assert found.best == "b"
        assert found.jobs[2].answer is None
        assert any("c has no answer" in remark for remark in found.remarks)
        assert {each.what for each in found.differing} == {
            "batch_size", "steps_per_epoch", "precision", "device", "versions/lrtune", "versions/torch",
        }  # fmt: skip

    @pytest.mark.parametrize("jobs", ["a", "a,a", "a,!", ",".join(f"j{n}" for n in range(21))])
    def test_wrong(self, client: Client, database: Database, jobs: str) -> None:
        running(database, "a")
        problem(client.get(f"/v1/compare?jobs={jobs}"), "invalid_request", "?jobs")

    def test_a_job_that_is_not_there(self, client: Client, database: Database) -> None:
        running(database, "a")
        problem(client.get("/v1/compare?jobs=a,b"), "not_found")
