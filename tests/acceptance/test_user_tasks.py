"""Users' own trainings on a real server: pushed, provided with what they need, trained to an answer; or
refused."""

from __future__ import annotations

import hashlib
import http.server
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lrtune.client.errors import JobFailed
from lrtune.wire import JobError, JobState
from tests.acceptance.conftest import SMALL
from tests.acceptance.processes import Server, serving

TRAIN = '''
import lrtune
import torch
from torch import nn

from parts import head

DATA = {{
    "fetched": lrtune.Data(url="{url}/table.csv", sha256="{sha256}"),
    "mounted": lrtune.Data(path="{mounted}/table.csv"),
}}


def rows(path):
    return torch.tensor([[float(x) for x in line.split(",")] for line in path.read_text().split()])


def task(width: int = 8) -> lrtune.Task:
    """Learn a sum."""
    import tiny_shapes

    tables = [rows(lrtune.data_path(name)) for name in ("fetched", "mounted", "data/table.csv")]
    assert all(torch.equal(table, tables[0]) for table in tables)
    table = tiny_shapes.same(tables[0])
    x, y = table[:, :2], table[:, 2:]
    return lrtune.Task(
        model=lambda: nn.Sequential(nn.Linear(2, width), nn.ReLU(), head(width)),
        train=(x[:96], y[:96]), valid=(x[96:], y[96:]), loss=nn.functional.mse_loss, batch_size=16,
    )
'''
PARTS = "from torch import nn\n\n\ndef head(width):\n    return nn.Linear(width, 1)\n"
TABLE = "\n".join(f"{a / 16},{b / 8},{a / 16 + b / 8}" for a in range(16) for b in range(8)) + "\n"
SMALLER: dict[str, Any] = {
    **SMALL,
    "params": {"width": 4},
    "epochs": 1,
    "search": {"trials": 2},
    "confirm": {"finalists": 1, "seeds": 2},
}
del SMALLER["task"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def shared() -> Iterator[Path]:
    """A folder that a trainer of another account may enter, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="lrtune-test-"))
    folder.chmod(0o755)
    for name in ("served", "mounted", "cache", "wheels"):
        (folder / name).mkdir(0o755)
    for name in ("served", "mounted"):
        (folder / name / "table.csv").write_text(TABLE)
    (folder / "outside.csv").write_text(TABLE)
    wheel(folder / "wheels")
    yield folder
    shutil.rmtree(folder)


def wheel(folder: Path) -> None:
    """A package of one module, as pip installs it."""
    with zipfile.ZipFile(folder / "tiny_shapes-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("tiny_shapes.py", "def same(x):\n    return x\n")
        about = "tiny_shapes-1.0.dist-info"
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tiny-shapes\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")


@pytest.fixture(scope="module")
def url(shared: Path) -> Iterator[str]:
    handler = partial(Quiet, directory=str(shared / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Server]:
    more = {
        "LRTUNE_CACHE": str(shared / "cache"),
        "LRTUNE_DATA_PATHS": str(shared / "mounted"),
        "LRTUNE_DATA_HOSTS": "127.0.0.1",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(shared / "wheels"),
    }
    with serving(tmp_path_factory.mktemp("home"), **more) as server:
        yield server


def project(folder: Path, source: str) -> str:
    (folder / "data").mkdir()
    (folder / "data" / "table.csv").write_text(TABLE)
    (folder / "parts.py").write_text(PARTS)
    (folder / "train.py").write_text(source)
    return str(folder / "train.py")


def source(shared: Path, url: str, *, mounted: str = "mounted", sha256: str = "") -> str:
    digest = sha256 or hashlib.sha256(TABLE.encode()).hexdigest()
    return TRAIN.format(url=url, sha256=digest, mounted=shared / mounted)


def test_from_a_script_to_an_answer(server: Server, shared: Path, url: str, tmp_path: Path) -> None:
    script = project(tmp_path, source(shared, url))
    client = server.client()
    task = client.push_task(script, requirements="tiny-shapes==1.0", include=[str(tmp_path / "data")])
    assert (task.name, task.version) == ("train", 1)
    result = client.submit(f"train@{task.digest[:8]}", **SMALLER).wait(timeout_s=240)
    assert result.job.task_digest == task.digest
    assert result.answer.initial_lr > 0
    log = [event.data["text"] for event in client.events(result.job.id) if event.kind == "log"]
    assert any("tiny-shapes" in line for line in log)
    cached = {path.name for path in (shared / "cache").glob("*/*") if path.is_dir()}
    assert len(cached) == 2
    again = client.submit("train@1", **SMALLER).wait(timeout_s=240)
    assert not [e for e in client.events(again.job.id) if e.kind == "log" and "Building" in e.data["text"]]


def failure(server: Server, script: str, **push: Any) -> JobError:
    client = server.client()
    task = client.push_task(script, **push)
    with pytest.raises(JobFailed) as caught:
        client.submit(f"{task.name}@{task.version}", **SMALLER).wait(timeout_s=120)
    error = caught.value.job.error
    assert error is not None
    assert error.remedy
    return error


def test_a_requirement_that_cannot_be_met(server: Server, shared: Path, url: str, tmp_path: Path) -> None:
    script = project(tmp_path, source(shared, url))
    error = failure(server, script, name="unmet", requirements="no-such-package-of-ours>=3")
    assert error.code == "requirements_unresolvable"
    assert "no-such-package-of-ours" in error.detail
    other = failure(server, script, name="unmet", requirements="torch==1.0")
    assert other.code == "requirements_unresolvable"


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"mounted": "."}, "data_not_allowed", "not among the data paths"),
        ({"mounted": "mounted/nowhere"}, "data_unavailable", "there is no"),
        ({"sha256": "0" * 64}, "data_mismatch", "something else than its sha256 says"),
    ],
)
def test_data_that_cannot_be_had(
    server: Server, shared: Path, url: str, tmp_path: Path, change: dict[str, str], code: str, says: str
) -> None:
    error = failure(server, project(tmp_path, source(shared, url, **change)), name="without")
    assert error.code == code
    assert says in error.detail


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("    import no_such_package_of_ours\n", "user_error", "no_such_package_of_ours"),
        ("    return 3\n", "task_invalid", "returned int, not lrtune.Task"),
    ],
)
def test_tasks_that_are_none(server: Server, tmp_path: Path, body: str, code: str, says: str) -> None:
    script = project(tmp_path, f"def task(width: int = 1):\n{body}")
    error = failure(server, script, name="none")
    assert error.code == code
    assert says in error.detail


def test_the_worker_goes_on(server: Server) -> None:
    """After all of the above, with the same worker."""
    client = server.client()
    job = client.submit("digits-mlp", **SMALLER | {"params": {"width": 8}}).wait(timeout_s=240).job
    assert job.state is JobState.SUCCEEDED
