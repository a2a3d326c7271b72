"""Pictures are drawn once, and sent once to who has them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from lrtune.rangetest.scaling import scaling
from lrtune.wire import RangeTest
from service import drawing, pictures, samples
from store import Database, range_tests
from tests.api.conftest import Client
from tests.api.measured import running, succeeded
from tests.unit.rangetest.batches import batches

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("picture", ["range-test.png", "schedules.png"])
def test_a_picture(client: Client, database: Database, picture: str) -> None:
    job = succeeded(database, "a")
    response = client.get(f"/v1/jobs/{job}/{picture}")
    assert response.headers["content-type"] == "image/png"
    assert response.content.startswith(PNG)
    again = client.get(f"/v1/jobs/{job}/{picture}", headers={"If-None-Match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == response.headers["etag"]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[RangeTest]:
    """Every range test that has been drawn."""
    found: list[RangeTest] = []

    def draw(subject: RangeTest) -> bytes:
        found.append(subject)
        return PNG + subject.model_dump_json().encode()

    monkeypatch.setattr(drawing, "range_test", draw)
    return found


def test_equal_pictures_are_drawn_once(client: Client, database: Database, drawn: list[RangeTest]) -> None:
    for name in "ab":
        running(database, name)
    paths = [f"/v1/jobs/{name}/range-test.png" for name in "aabb"]
    tags = {client.get(path).headers["etag"] for path in paths}
    assert (len(drawn), len(tags)) == (1, 1)


def test_a_picture_follows_what_it_shows(client: Client, database: Database, drawn: list[RangeTest]) -> None:
    job = running(database, "a")
    before = client.get(f"/v1/jobs/{job}/range-test.png")
    with database.write() as tx:
        range_tests.put(tx, job, samples.RANGE_TEST.model_copy(update={"suggested_lr": 0.5}))
    after = client.get(f"/v1/jobs/{job}/range-test.png", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert [each.suggested_lr for each in drawn] == [samples.RANGE_TEST.suggested_lr, 0.5]


def test_who_asks_at_once_waits_for_one_drawing(
    client: Client, database: Database, drawn: list[RangeTest]
) -> None:
    job = running(database, "a")
    barrier = threading.Barrier(4)

    def ask(_: int) -> int:
        barrier.wait()
        return client.get(f"/v1/jobs/{job}/range-test.png").status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [200] * 4
    assert len(drawn) == 1


def test_the_longest_unused_is_forgotten(
    client: Client, database: Database, drawn: list[RangeTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "KEPT", 1)
    job = running(database, "a")
    for suggested_lr in (0.1, 0.2, 0.1):
        with database.write() as tx:
            range_tests.put(tx, job, samples.RANGE_TEST.model_copy(update={"suggested_lr": suggested_lr}))
        client.get(f"/v1/jobs/{job}/range-test.png")
    assert [each.suggested_lr for each in drawn] == [0.1, 0.2, 0.1]


def test_lr_against_batch_size(client: Client, database: Database) -> None:
    job = running(database, "a")
    refused = client.get(f"/v1/jobs/{job}/scaling.png")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_available")
    assert "range_test.batch_sizes" in refused.json()["remedy"]
    swept = samples.RANGE_TEST.model_copy(
        update={"scaling": [scaling("batch_size", batches(1.0), batch_size=64)]}
    )
    with database.write() as tx:
        range_tests.put(tx, job, swept)
    assert client.get(f"/v1/jobs/{job}/scaling.png").content.startswith(PNG)
    told = client.get(f"/v1/jobs/{job}/range-test").json()["scaling"][0]
    assert (told["rule"], told["batch_size"]) == ("linear", 64)
    page = client.get(f"/jobs/{job}").text
    assert "twice the batch, twice the LR" in page
    assert f"/v1/jobs/{job}/scaling.png" in page
