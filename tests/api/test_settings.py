"""Settings from flags and environment."""

from dataclasses import fields
from pathlib import Path

import pytest

from service.settings import VARIABLES, Settings, SettingsError, load

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    found = load({})
    assert found.home == Path("/home/ada/.lrtune")
    assert found.database_url == "sqlite:////home/ada/.lrtune/lrtune.db"
    assert (found.host, found.workers) == ("127.0.0.1", 1)


def test_a_flag_beats_the_environment(tmp_path: Path) -> None:
    environ = {"LRTUNE_HOME": str(tmp_path), "LRTUNE_PORT": "1", "LRTUNE_WORKERS": "3", "LRTUNE_HOST": "::1"}
    found = load(environ, port=0, host=None)
    assert (found.home, found.port, found.workers, found.host) == (tmp_path, 0, 3, "::1")


def test_another_database_brings_no_local_worker() -> None:
    assert load({"LRTUNE_DATABASE_URL": "postgresql://db/lrtune"}).workers == 0
    assert load({}, database_url="postgresql://db/lrtune", workers=2).workers == 2


def test_an_empty_variable_is_not_set() -> None:
    assert load({"LRTUNE_PORT": ""}).port == Settings.port


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("LRTUNE_PORT", "http"),
        ("LRTUNE_PORT", "65536"),
        ("LRTUNE_PORT", "-1"),
        ("LRTUNE_WORKERS", "-1"),
        ("LRTUNE_WORKERS", "1.5"),
        ("LRTUNE_BODY_LIMIT", "0"),
        ("LRTUNE_DRAIN_S", "nan"),
        ("LRTUNE_DRAIN_S", "soon"),
        ("LRTUNE_QUOTA_QUEUED_JOBS", "-1"),
    ],
)
def test_unacceptable(variable: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({variable: text})
    assert caught.value.name == variable
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.1", False),
        ("example.org", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert load({}, host=host).loopback is loopback


def test_every_setting_has_a_variable_and_is_documented() -> None:
    assert set(VARIABLES) == {field.name for field in fields(Settings)}
    text = DOCS.read_text()
    assert [name for name in VARIABLES.values() if f"`{name}`" not in text] == []
