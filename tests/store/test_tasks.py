"""Task versions: told apart by content, found by name, version and digest."""

from __future__ import annotations

import threading

import pytest

from lrtune.wire import DataSource, Task
from store import Database, jobs, tasks
from store.errors import CursorInvalid, NotFound
from tests.store.rows import register, submit


def test_the_same_content_is_the_same_version(database: Database) -> None:
    first = register(database, "digits")
    again = register(database, "digits")
    assert again == first
    assert first.version == 1


def test_other_content_is_the_next_version_for_good(database: Database) -> None:
    second = register(database, "digits", b"x = 1")
    assert second.version == 2
    assert register(database, "digits").version == 1
    with database.read() as tx:
        assert tasks.get(tx, "digits") == second
        assert tasks.files(tx, "digits", 1) == {"task.py": b""}
        assert tasks.files(tx, "digits", 2) == {"task.py": b"x = 1"}


def test_versions_are_counted_by_name(database: Database) -> None:
    assert register(database, "other", b"x = 1").version == 1


def test_binary_files_come_back_as_they_were(database: Database) -> None:
    content = bytes(range(256)) * 400
    with database.write() as tx:
        tasks.register(
            tx,
            name="b",
            entry="a:b",
            description="",
            params_schema={},
            files={"a.py": b"", "data/x.bin": content},
        )
    with database.read() as tx:
        assert tasks.files(tx, "b", 1) == {"a.py": b"", "data/x.bin": content}


def test_a_digest_tells_paths_from_contents() -> None:
    assert tasks.digest_of("a:b", {"x": b"yz"}) != tasks.digest_of("a:b", {"xy": b"z"})
    assert tasks.digest_of("a:b", {"x": b"", "y": b""}) == tasks.digest_of("a:b", {"y": b"", "x": b""})
    assert tasks.digest_of("a:b", {"x": b""}) != tasks.digest_of("a:c", {"x": b""})


def test_references(database: Database) -> None:
    task = register(database, "digits")
    register(database, "digits", b"newer")
    with database.read() as tx:
        for ref in ("digits@1", f"digits@{task.digest}", f"digits@{task.digest[:12]}"):
            assert tasks.get(tx, ref) == task


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "@",
        "digit",
        "digits@",
        "digits@0",
        "digits@9",
        "digits@-1",
        "digits@1.0",
        "digits@ffffff",
        "digits@%",
        "digits@" + "9" * 30,
        "%",
        "digits@1 ",
        "DIGITS",
    ],
)
def test_references_to_nothing(database: Database, ref: str) -> None:
    with database.read() as tx, pytest.raises(NotFound) as caught:
        tasks.get(tx, ref)
    assert caught.value.remedy


def test_files_of_no_version(database: Database) -> None:
    with database.read() as tx, pytest.raises(NotFound):
        tasks.files(tx, "digits", 2)


def test_pages_go_by_name_and_newest_version(database: Database) -> None:
    for name in ("b", "Z", "a"):
        for content in (b"1", b"2", b"3"):
            register(database, name, content)
    walked: list[tuple[str, int]] = []
    cursor = None
    while True:
        with database.read() as tx:
            page = tasks.page(tx, cursor=cursor, limit=2)
        walked += [(task.name, task.version) for task in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    names = [("Z", 3), ("Z", 2), ("Z", 1), ("a", 3), ("a", 2), ("a", 1), ("b", 3), ("b", 2), ("b", 1)]
    assert walked == [*names, ("digits", 1)]


def test_a_wrong_cursor(database: Database) -> None:
    with database.read() as tx, pytest.raises(CursorInvalid):
        tasks.page(tx, cursor="made-up", limit=2)


def test_registering_at_once_makes_one_version(database: Database) -> None:
    found: list[int] = []

    def run() -> None:
        found.append(register(database, "digits", b"new").version)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2] * 8


def test_what_a_task_needs_is_kept_and_told_apart(database: Database) -> None:
    source = DataSource(url="https://example.org/x.npz", sha256="0" * 64)

    def keep(requirements: str) -> tuple[Task, bool]:
        with database.write() as tx:
            return tasks.register(
                tx,
                name="needy",
                entry="a:b",
                description="",
                params_schema={},
                files={"a.py": b"12", "b.py": b"345"},
                requirements=requirements,
                data={"x": source},
            )

    first, created = keep("einops")
    assert created
    assert (first.requirements, first.data, first.size) == ("einops", {"x": source}, 5)
    assert keep("einops") == (first, False)
    assert keep("")[0].version == 2
    assert tasks.digest_of("a:b", {"x": b""}, "y") != tasks.digest_of("a:b", {"x": b"", "y": b""})


def test_digits_alone_are_a_version_before_they_begin_a_digest(database: Database) -> None:
    number = next(
        n for n in range(10_000) if tasks.digest_of("task:build", {"task.py": b"%d" % n})[:6].isdecimal()
    )
    task = register(database, "digits-only", b"%d" % number)
    with database.read() as tx:
        assert tasks.get(tx, f"digits-only@{task.digest[:6]}") == task


def test_a_beginning_that_several_digests_share_names_none(database: Database) -> None:
    known: dict[str, int] = {}
    number = 0
    while (start := tasks.digest_of("task:build", {"task.py": b"%d" % number})[:6]) not in known:
        known[start] = number
        number += 1
    one = register(database, "alike", b"%d" % known[start])
    register(database, "alike", b"%d" % number)
    with database.read() as tx:
        with pytest.raises(NotFound, match="Several versions"):
            tasks.get(tx, f"alike@{start}")
        assert tasks.get(tx, f"alike@{one.digest}") == one


def test_jobs_of_a_version(database: Database) -> None:
    register(database, "digits", b"1")
    submit(database, "old", task="digits")
    task = register(database, "digits", b"2")
    submit(database, "new", task="digits")
    with database.read() as tx:
        for ref, found in (
            ("digits", ["new", "old"]),
            (f"digits@{task.version}", ["new"]),
            (f"digits@{task.digest[:12]}", ["new"]),
            ("digits@99", []),
            ("other", []),
        ):
            listed = jobs.page(tx, task=ref, state=None, cursor=None, limit=10).items
            assert [job.id for job in listed] == found, ref
