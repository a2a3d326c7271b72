"""What a job measured, over HTTP; and what is said while it is not there, or never will be."""

from __future__ import annotations

import pytest

from lrtune.wire import Answer, BestAnswer, Code, JobError, Page, RangeTest, Trial
from service import samples
from store import Database, jobs
from tests.api.conftest import Client
from tests.api.measured import running, succeeded
from tests.api.problem import problem

RESULTS = ["range-test", "range-test.png", "answer", "schedules.png", "code"]


def test_range_test(client: Client, database: Database) -> None:
    job = running(database, "a")
    found = RangeTest.model_validate(client.get(f"/v1/jobs/{job}/range-test").json())
    assert found == samples.RANGE_TEST


def test_answer(client: Client, database: Database) -> None:
    job = succeeded(database, "a", mean=0.05)
    found = Answer.model_validate(client.get(f"/v1/jobs/{job}/answer").json())
    assert found.metric.mean == 0.05
    assert found.finalists == samples.ANSWER.finalists


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", ["torch.optim.AdamW", "0.0041"]),
        ("?framework=pytorch", ["torch.optim.AdamW"]),
        ("?framework=keras", ["keras", "0.0041"]),
    ],
)
def test_code(client: Client, database: Database, query: str, words: list[str]) -> None:
    job = succeeded(database, "a")
    found = Code.model_validate(client.get(f"/v1/jobs/{job}/code{query}").json())
    compile(found.code, "answer", "exec")
    assert [word for word in words if word not in found.code] == []


def test_code_for_an_unknown_framework(client: Client, database: Database) -> None:
    job = succeeded(database, "a")
    found = problem(client.get(f"/v1/jobs/{job}/code?framework=jax"), "invalid_request", "?framework")
    assert "pytorch" in found["remedy"]


@pytest.mark.parametrize("result", RESULTS)
def test_a_result_that_is_not_there_yet(client: Client, result: str) -> None:
    job = client.post("/v1/jobs", json={"task": "digits-mlp"}).json()["id"]
    response = client.get(f"/v1/jobs/{job}/{result}")
    assert "queued" in problem(response, "not_ready")["detail"]
    assert int(response.headers["retry-after"]) > 0


@pytest.mark.parametrize("result", RESULTS)
def test_a_result_that_will_never_be(client: Client, database: Database, result: str) -> None:
    job = client.post("/v1/jobs", json={"task": "digits-mlp"}).json()["id"]
    client.post(f"/v1/jobs/{job}/cancel")
    assert "cancelled" in problem(client.get(f"/v1/jobs/{job}/{result}"), "not_available")["detail"]
    job = client.post("/v1/jobs", json={"task": "digits-mlp"}).json()["id"]
    with database.write() as tx:
        jobs.fail(tx, job, JobError(code="task_raised", detail="ValueError: no data"))
    assert "no data" in problem(client.get(f"/v1/jobs/{job}/{result}"), "not_available")["detail"]


class TestTrials:
    def test_they_come_with_their_curves(self, client: Client, database: Database) -> None:
        job = succeeded(database, "a")
        page = Page[Trial].model_validate(client.get(f"/v1/jobs/{job}/trials").json())
        assert [trial.number for trial in page.items] == [0, 1, 2]
        assert page.items[0].curve == samples.TRIAL.curve

    def test_pages(self, client: Client, database: Database) -> None:
        job = succeeded(database, "a")
        first = client.get(f"/v1/jobs/{job}/trials?limit=2").json()
        second = client.get(f"/v1/jobs/{job}/trials?limit=2&cursor={first['next_cursor']}").json()
        assert [len(first["items"]), len(second["items"]), second["next_cursor"]] == [2, 1, None]

    @pytest.mark.parametrize(
        ("query", "numbers"),
        [
            ("phase=search", [0]),
            ("phase=confirm", [1, 2]),
            ("state=pruned", []),
            ("state=complete", [0, 1, 2]),
        ],
    )
    def test_filters(self, client: Client, database: Database, query: str, numbers: list[int]) -> None:
        job = succeeded(database, "a")
        items = client.get(f"/v1/jobs/{job}/trials?{query}").json()["items"]
        assert [item["number"] for item in items] == numbers

    @pytest.mark.parametrize("field", ["phase", "state", "limit", "cursor"])
    def test_wrong(self, client: Client, database: Database, field: str) -> None:
        job = running(database, "a")
        problem(client.get(f"/v1/jobs/{job}/trials?{field}=odd"), "invalid_request", f"?{field}")


class TestBest:
    def test_the_best_come_first_with_their_job(self, client: Client, database: Database) -> None:
        for job, mean in (("a", 0.3), ("b", 0.1), ("c", 0.2)):
            succeeded(database, job, mean=mean)
        succeeded(database, "d", task="digits-cnn", mean=0.01)
        running(database, "e")
        page = Page[BestAnswer].model_validate(client.get("/v1/best?task=digits-mlp").json())
        assert [each.job for each in page.items] == ["b", "c", "a"]

    def test_by_optimizer_and_by_page(self, client: Client, database: Database) -> None:
        for job, mean in (("a", 0.3), ("b", 0.1)):
            succeeded(database, job, mean=mean)
        url = "/v1/best?task=digits-mlp&optimizer=adamw&limit=1"
        first = client.get(url).json()
        second = client.get(f"{url}&cursor={first['next_cursor']}").json()
        assert [first["items"][0]["job"], second["items"][0]["job"]] == ["b", "a"]
        assert client.get("/v1/best?task=digits-mlp&optimizer=sgd").json()["items"] == []

    def test_the_nearest_come_first_and_say_what_differs(self, client: Client, database: Database) -> None:
        succeeded(database, "a")
        asked = "optimizer=adamw&option=weight_decay=0.1&param=width=256&batch_size=128&epochs=40"
        response = client.get(f"/v1/best?task=digits-mlp&{asked}")
        [found] = Page[BestAnswer].model_validate(response.json()).items
        assert {each.what for each in found.differences} == {
            "optimizer/weight_decay", "params/width", "batch_size", "epochs",
        }  # fmt: skip
        assert found.distance == pytest.approx(0.5 + 1.0 + 0.5 + 0.32)
        exact = client.get("/v1/best?task=digits-mlp@1&param=width=128&precision=float32").json()
        assert exact["items"][0]["distance"] == 0.0

    @pytest.mark.parametrize(
        ("query", "field"),
        [("param=width", "?param"), ("param=widht=3", "?param"), ("option=momentum=0.9", "?option"),
         ("optimizer=sgd&option=momentum=2", "?option"), ("optimizer=sdg&option=momentum=0.5", "?optimizer"),
         ("batch_size=0", "?batch_size"), ("epochs=x", "?epochs")],
    )  # fmt: skip
    def test_wrong(self, client: Client, query: str, field: str) -> None:
        problem(client.get(f"/v1/best?task=digits-mlp&{query}"), "invalid_request", field)

    def test_a_version_that_is_not_there(self, client: Client) -> None:
        problem(client.get("/v1/best?task=digits-mlp@9"), "not_found")

    def test_a_task_nobody_measured(self, client: Client) -> None:
        assert client.get("/v1/best?task=nothing").json() == {"items": [], "next_cursor": None}
