"""Jobs as files, read back by what they are for."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from benchmarks.pages.filled import job_with_trials
from lrtune.wire import Answer, Job, Phase, RangeTest, Setting, Trial, TrialState
from service import samples
from service.exports import optuna_study, reading, table
from store import Database, jobs, labels, trials
from tests.api.conftest import Client
from tests.api.measured import running, succeeded
from tests.api.problem import problem


def export(client: Client, job: str, format: str) -> bytes:
    response = client.get(f"/v1/jobs/{job}/export?format={format}")
    assert response.status_code == 200, response.text
    assert re.fullmatch(rf'attachment; filename="lrtune-{job}\.\w+"', response.headers["content-disposition"])
    return response.content


def test_json_is_everything(client: Client, database: Database) -> None:
    job = succeeded(database, "a")
    found = json.loads(export(client, job, "json"))
    assert Job.model_validate(found["job"]).id == job
    assert RangeTest.model_validate(found["range_test"]) == samples.RANGE_TEST
    assert Answer.model_validate(found["answer"]).metric.mean == 0.07
    trials = [Trial.model_validate(each) for each in found["trials"]]
    assert [trial.number for trial in trials] == [0, 1, 2]
    assert trials[0].curve == samples.TRIAL.curve


@pytest.mark.parametrize("format", ["json", "csv", "optuna", "optuna-journal", "html"])
def test_a_job_that_has_measured_nothing_yet(client: Client, format: str) -> None:
    job = client.post("/v1/jobs", json={"task": "digits-mlp"}).json()["id"]
    assert len(export(client, job, format)) > 50


def test_csv_is_a_row_a_trial(client: Client, database: Database) -> None:
    job = succeeded(database, "a")
    rows = list(csv.DictReader(io.StringIO(export(client, job, "csv").decode())))
    assert [row["phase"] for row in rows] == ["search", "confirm", "confirm"]
    assert (rows[0]["initial_lr"], rows[0]["value"], rows[0]["param.warmup"]) == ("0.0041", "0.07", "0.05")


@pytest.mark.parametrize("text", ["=1+1", "@x", "-x", "+x"])
def test_csv_runs_no_formula(text: str) -> None:
    assert next(csv.reader([table._line([text, -1.5])])) == [f"'{text}", "-1.5"]


@pytest.mark.parametrize("format", ["optuna", "optuna-journal"])
def test_optuna_opens_the_study(client: Client, database: Database, tmp_path: Path, format: str) -> None:
    job = succeeded(database, "a", mean=0.05)
    path = tmp_path / "study"
    path.write_bytes(export(client, job, format))
    storage = f"sqlite:///{path}" if format == "optuna" else JournalStorage(JournalFileBackend(str(path)))
    names = sorted(optuna.get_all_study_names(storage))
    assert names == [f"digits-mlp@1 {job} confirm", f"digits-mlp@1 {job} search"]
    study = optuna.load_study(study_name=names[1], storage=storage)
    [trial] = study.trials
    assert trial.params == {
        "initial_lr": 0.0041, "schedule": "cosine", "cosine.min_ratio": 0.01, "cosine.warmup": 0.05,
    }  # fmt: skip
    assert (study.best_value, study.direction.name) == (0.05, "MINIMIZE")
    assert trial.intermediate_values == {1: 0.19, 2: 0.071}
    assert trial.user_attrs["lrtune_number"] == 0
    assert len(optuna.load_study(study_name=names[0], storage=storage).trials) == 2


def test_every_kind_of_trial_has_its_place_in_a_study(tmp_path: Path) -> None:
    settings = [
        Setting(schedule="multistep", initial_lr=1e-5, params={"milestones": [0.3, 0.6], "gamma": 0.9}),
        Setting(schedule="mine", initial_lr=9.0, params={"kind": "a", "on": True, "n": 3}),
        Setting(schedule="mine", initial_lr=0.1, params={"kind": None, "on": False, "n": 4}),
        Setting(schedule="constant", initial_lr=0.1),
    ]
    states = [TrialState.COMPLETE, TrialState.DIVERGED, TrialState.PRUNED, TrialState.RUNNING]
    made = [
        samples.TRIAL.model_copy(
            update={"number": n, "state": state, "value": 0.1 if state is TrialState.COMPLETE else None,
                    "schedule": setting.schedule, "initial_lr": setting.initial_lr, "params": setting.params}
        )
        for n, (setting, state) in enumerate(zip(settings, states, strict=True))
    ]  # fmt: skip
    optuna_study.database(
        samples.JOB, lambda phase, curves: [[t for t in made if t.phase is phase]], tmp_path / "study.db"
    )
    url = f"sqlite:///{tmp_path / 'study.db'}"
    study = optuna.load_study(study_name=f"digits-mlp@1 {samples.JOB.id} {Phase.SEARCH}", storage=url)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "FAIL", "PRUNED"]
    assert study.trials[0].user_attrs["multistep.milestones"] == [0.3, 0.6]
    assert study.trials[1].params["mine.n"] == 3


def test_every_batch_of_many_trials_is_there(client: Client, database: Database, tmp_path: Path) -> None:
    job = job_with_trials(database, "digits-mlp", 2 * reading.BATCH + 1, epochs=2)
    found = json.loads(export(client, job, "json"))["trials"]
    rows = list(csv.DictReader(io.StringIO(export(client, job, "csv").decode())))
    assert [trial["number"] for trial in found] == [int(row["number"]) for row in rows]
    assert [trial["number"] for trial in found] == list(range(len(found)))
    assert len(found) > 2 * reading.BATCH
    assert all(len(trial["curve"]) == 2 for trial in found if trial["state"] == "complete")
    path = tmp_path / "study.log"
    path.write_bytes(export(client, job, "optuna-journal"))
    search = optuna.load_study(
        study_name=f"digits-mlp@1 {job} search", storage=JournalStorage(JournalFileBackend(str(path)))
    )
    numbers = [trial.user_attrs["lrtune_number"] for trial in search.trials]
    assert numbers == [trial["number"] for trial in found if trial["phase"] == "search"]


def test_a_trial_that_comes_while_a_table_is_read_is_left_out(database: Database) -> None:
    job = job_with_trials(database, "digits-mlp", 3, epochs=1)
    with database.read() as tx:
        found = jobs.get(tx, job)
    lines = table.lines(database, found)
    heading = next(lines)
    with database.write() as tx:
        setting = Setting(schedule="step", initial_lr=0.1, params={"late": 1})
        late = trials.add(tx, job, [trials.NewTrial(Phase.SEARCH, 9, setting, seed=0, epochs=1)])
    rows = list(csv.DictReader(io.StringIO(heading + "".join(lines))))
    assert [int(row["number"]) for row in rows] == list(range(late[0]))
    assert "param.late" not in rows[0]


class Loads(HTMLParser):
    """What a page would load, and the text it shows."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_stands_alone(client: Client, database: Database) -> None:
    job = succeeded(database, "a")
    with database.write() as tx:
        labels.note(tx, job, "<script>alert(1)</script> & more")
    page = Loads()
    page.feed(export(client, job, "html").decode())
    assert len(page.loaded) == 2
    assert all(each.startswith("data:image/png;base64,") for each in page.loaded)
    assert not page.tags & {"script", "link", "iframe", "object"}
    for words in (samples.ANSWER.verdict, "<script>alert(1)</script> & more", "torch.optim.AdamW", "0.0041"):
        assert words in page.text


def test_the_report_of_a_job_without_an_answer(client: Client, database: Database) -> None:
    job = running(database, "a")
    page = Loads()
    page.feed(export(client, job, "html").decode())
    assert "No answer: the job is running." in page.text
    assert len(page.loaded) == 1


def test_wrong(client: Client, database: Database) -> None:
    problem(client.get("/v1/jobs/none/export"), "not_found")
    job = running(database, "a")
    problem(client.get(f"/v1/jobs/{job}/export?format=xls"), "invalid_request", "?format")
