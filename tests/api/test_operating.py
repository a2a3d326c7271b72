"""`lrtune admin drain`, `copy-to`, `prune`, and `lrtune doctor`, on real databases."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lrtune.wire import Isolation
from service import doctor
from service.operating import admin
from service.operating import doctor as doctor_command
from service.pruning import Pruning
from service.settings import Settings, load
from store import Database, trials, units, workers
from tests import databases
from tests.api.measured import succeeded

postgresql_server = databases.postgresql_server
empty_postgresql_url = databases.empty_postgresql_url


def run(settings: Settings, *arguments: str) -> Result:
    environ = {"LRTUNE_HOME": str(settings.home)}
    return CliRunner(env=environ).invoke(admin, arguments)


def lines(*found: doctor.Finding) -> dict[str, str]:
    return {finding.check: finding.grade for finding in found}


class TestDrain:
    def test_it_waits_until_nothing_is_held(self, settings: Settings, database: Database) -> None:
        assert "Empty" in run(settings, "drain", "--wait").stdout
        assert "claim again" in run(settings, "drain", "--undo").stdout
        assert "no drain" in run(settings, "drain", "--undo").stdout

    def test_it_says_what_is_left(self, settings: Settings, database: Database) -> None:
        succeeded(database, "before")
        with database.write() as tx:
            units.add(tx, "before", "range_test", {})
        lease = units.claim(database, "ada", lease_s=600)
        assert lease is not None
        assert "1 units are still worked on" in run(settings, "drain").stdout
        assert units.claim(database, "bob", lease_s=600) is None


class TestCopy:
    def test_counts_everything(
        self, settings: Settings, database: Database, empty_postgresql_url: str
    ) -> None:
        succeeded(database, "a")
        result = run(settings, "copy-to", empty_postgresql_url)
        assert result.exit_code == 0, result.output
        assert "Copied and counted" in result.stdout
        again = run(settings, "copy-to", empty_postgresql_url)
        assert again.exit_code == 1
        assert "empty database" in again.stderr
        assert "Traceback" not in again.output


class TestPrune:
    def test_curves_go_and_answers_stay(self, settings: Settings, database: Database) -> None:
        succeeded(database, "a")
        assert "Pruned 0 jobs" in run(settings, "prune", "--days", "1").stdout
        assert "Pruned 1 jobs" in run(settings, "prune", "--days", "0").stdout
        with database.read() as tx:
            assert len(trials.for_job(tx, "a")) == 3

    def test_the_server_does_it_by_itself(self, settings: Settings, database: Database) -> None:
        succeeded(database, "a")
        pruning = Pruning(database, keep_days=0)
        pruning.start()
        pruning.stop()
        later = Pruning(database, keep_days=None)
        later.start()
        later.stop()
        with database.read() as tx:
            assert len(trials.for_job(tx, "a")) == 3


class TestDoctor:
    @pytest.fixture
    def examined(self, settings: Settings, database: Database) -> Settings:
        with database.write() as tx:
            seen: dict[str, Any] = {"host": "h", "pid": 1, "device": "cpu", "version": "1"}
            workers.seen(tx, id="ada", started_at=tx.now(), lease_s=600, isolation=Isolation.PROCESS, **seen)
        return settings

    def test_all_is_well(self, examined: Settings) -> None:
        found = list(doctor.examine(examined, gpus=lambda: 0, free=lambda _: 2**40))
        assert set(lines(*found).values()) == {"ok"}
        assert list(lines(*found)) == [
            "disk", "database", "migrations", "isolation", "clock", "workers", "gpus", "queue",
        ]  # fmt: skip

    @pytest.mark.parametrize(("days", "grade"), [(0, "ok"), (0.001, "warn"), (-1, "fail")])
    def test_the_clock(self, examined: Settings, days: float, grade: str) -> None:
        ahead = timedelta(days=days)
        found = doctor.examine(examined, gpus=lambda: 0, now=lambda: datetime.now(UTC) + ahead)
        assert lines(*found)["clock"] == grade

    @pytest.mark.parametrize(("free", "grade"), [(2**20, "fail"), (2**31, "warn"), (2**40, "ok")])
    def test_the_disk(self, examined: Settings, free: int, grade: str) -> None:
        assert lines(*doctor.examine(examined, gpus=lambda: 0, free=lambda _: free))["disk"] == grade

    def test_idle_gpus_and_nobody_at_work(self, settings: Settings, database: Database) -> None:
        found = lines(*doctor.examine(settings, gpus=lambda: 2))
        assert (found["workers"], found["gpus"]) == ("warn", "warn")
        succeeded(database, "a")
        assert run(settings, "drain").exit_code == 0
        assert lines(*doctor.examine(settings, gpus=lambda: 0))["queue"] == "warn"

    def test_every_finding_that_is_not_well_has_a_remedy(
        self, settings: Settings, database: Database
    ) -> None:
        found = list(doctor.examine(settings, gpus=lambda: 2, free=lambda _: 0))
        assert all((finding.remedy is None) == (finding.grade == "ok") for finding in found)

    def test_a_database_that_is_away(self, tmp_path: Path) -> None:
        away = f"sqlite:///{tmp_path}/none/lrtune.db"
        result = CliRunner().invoke(doctor_command, ["--database-url", away, "--json"])
        assert result.exit_code == 1
        found = {finding["check"]: finding for finding in json.loads(result.stdout)}
        assert found["database"]["grade"] == "fail"
        assert found["database"]["remedy"]

    def test_an_old_schema(self, empty_postgresql_url: str, tmp_path: Path) -> None:
        empty = load({"LRTUNE_HOME": str(tmp_path), "LRTUNE_DATABASE_URL": empty_postgresql_url})
        found = lines(*doctor.examine(empty, gpus=lambda: 0))
        assert found["migrations"] == "fail"
        assert "queue" not in found
