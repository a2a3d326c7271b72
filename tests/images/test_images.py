"""The image files: linted, valid, hardened, and the server's without torch."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from tests.images.dockerfile import ROOT, steps

COMPOSE: dict[str, Any] = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text())
PROGRAMS = Path(sys.executable).parent


def test_hadolint_has_nothing_to_say() -> None:
    done = subprocess.run(
        [PROGRAMS / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("", 0)


def test_compose_is_valid() -> None:
    check = [PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, ROOT / "docker-compose.yml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_every_service_is_hardened(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert not any("PASSWORD" in key and not key.endswith("_FILE") for key in service["environment"])
    assert "LRTUNE_DATABASE_URL" not in service["environment"]
    assert set(service["secrets"]) <= set(COMPOSE["secrets"])
    named = {volume.split(":")[0] for volume in service.get("volumes", [])}
    assert named <= set(COMPOSE["volumes"])


def test_profiles() -> None:
    profiles = {name: service.get("profiles", []) for name, service in COMPOSE["services"].items()}
    assert profiles == {"database": [], "server": [], "worker": [], "worker-gpu": ["gpu"], "ray": ["ray"]}
    [device] = COMPOSE["services"]["worker-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["driver"] == "nvidia"


@pytest.mark.parametrize("target", ["server", "worker"])
def test_images_run_as_nobody_in_particular(target: str) -> None:
    users = [step.text for step in steps(target) if step.word == "USER"]
    assert users[-1] == "10001"
    assert [step.word for step in steps(target)][-1] == "CMD"


def test_server_is_healthy_when_it_is_ready() -> None:
    [check] = [step for step in steps("server") if step.word == "HEALTHCHECK"]
    assert "/readyz" in check.text


def closure(name: str, extras: frozenset[str], seen: dict[str, set[str]]) -> dict[str, set[str]]:
    """Every distribution that an installation of ``name`` with ``extras`` brings."""
    new = {"", *extras} - seen.get(name, set())
    seen.setdefault(name, set()).update(new)
    for text in (distribution(name).requires or []) if new else []:
        needed = Requirement(text)
        if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in new):
            closure(canonicalize_name(needed.name), frozenset(needed.extras), seen)
    return seen


def test_the_server_brings_no_torch() -> None:
    [install] = [step.text for step in steps("server") if step.word == "RUN" and "pip install" in step.text]
    assert "-e '.[server,otel]'" in install
    brought = closure("lrtune", frozenset({"server", "otel"}), {})
    assert {"fastapi", "sqlalchemy", "psycopg", "uvicorn"} <= set(brought)
    assert not {"torch", "scikit-learn", "ray"} & set(brought)
