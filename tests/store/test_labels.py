"""Tags, notes, the archive, and the search by text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrtune.wire import JobError, JobRequest
from store import Database, answers, jobs, labels, words
from store.errors import NotFound
from tests.store.rows import answer, register, submit


def found(database: Database, **filters: Any) -> list[str]:
    """Ids of the jobs that pass the filters, read in pages of two."""
    walked: list[str] = []
    cursor = None
    while True:
        with database.read() as tx:
            page = jobs.page(tx, cursor=cursor, limit=2, **filters)
        walked += [job.id for job in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return walked


def test_tags_are_put_once_and_found(database: Database) -> None:
    for job in ("a", "b", "c"):
        submit(database, job)
    with database.write() as tx:
        for job, tag in (("a", "paper"), ("c", "paper"), ("c", "paper"), ("c", "Old.1")):
            labels.tag(tx, job, tag)
    assert found(database, tag="paper") == ["c", "a"]
    assert found(database, text="old") == ["c"]
    with database.write() as tx:
        assert jobs.get(tx, "c").tags == ["Old.1", "paper"]
        labels.untag(tx, "c", "paper")
        labels.untag(tx, "b", "paper")
    assert found(database, tag="paper") == ["a"]
    assert found(database, text="paper") == ["a"]


def test_a_job_may_come_with_tags_that_are_no_part_of_its_request(database: Database) -> None:
    register(database, "digits")
    with database.write() as tx:
        job, _ = jobs.submit(tx, JobRequest(task="digits", tags=("x", "y", "x")), job_id="a")
    assert job.tags == ["x", "y"]
    assert job.request.tags == ()


def test_a_note_replaces_the_one_before(database: Database) -> None:
    submit(database, "a")
    with database.write() as tx:
        labels.note(tx, "a", "The first\0 Überblick")
        labels.note(tx, "a", "Für das Paper")
        assert jobs.get(tx, "a").note == "Für das Paper"
    assert found(database, text="FÜR pap") == ["a"]
    assert found(database, text="überblick") == []
    with database.write() as tx:
        labels.note(tx, "a", None)
        assert jobs.get(tx, "a").note is None
    assert found(database, text="paper") == []


def test_archived_jobs_leave_the_lists_and_the_best_answers(database: Database) -> None:
    for job in ("a", "b"):
        submit(database, job)
        with database.write() as tx:
            answers.put(tx, job, answer(0.1))
            jobs.succeed(tx, job)
    with database.write() as tx:
        labels.archive(tx, "a", archived=True)
        first = jobs.get(tx, "a").archived_at
        labels.archive(tx, "a", archived=True)
        assert jobs.get(tx, "a").archived_at == first is not None
    assert found(database) == ["b"]
    assert found(database, archived=True) == ["a"]
    assert found(database, archived=None) == ["b", "a"]
    with database.read() as tx:
        assert [each.job for each in answers.best(tx, task="digits", cursor=None, limit=9).items] == ["b"]
    with database.write() as tx:
        labels.archive(tx, "a", archived=False)
    assert found(database) == ["b", "a"]


def test_every_word_must_be_there_by_its_beginning(database: Database) -> None:
    submit(database, "a", params={"kind": "wide_net"}, optimizer={"name": "sgd"})
    submit(database, "b", params={"kind": "deep"})
    with database.write() as tx:
        jobs.fail(tx, "b", JobError(code="task_raised", detail="CUDA out of memory"))
    for text, expected in {
        "digits": ["b", "a"],
        "dig": ["b", "a"],
        "SGD": ["a"],
        "net": ["a"],
        "wide sgd": ["a"],
        "wide cuda": [],
        "memory": ["b"],
        "emory": [],
        "": ["b", "a"],
        "%": ["b", "a"],
    }.items():
        assert found(database, text=text) == expected, text


def test_filters_are_combined(database: Database) -> None:
    for job in ("a", "b", "c", "d"):
        submit(database, job, optimizer={"name": "sgd" if job in "abc" else "adam"})
    with database.write() as tx:
        for job in ("a", "c", "d"):
            labels.tag(tx, job, "t")
        jobs.cancel(tx, "c")
    assert found(database, text="sgd", tag="t") == ["c", "a"]
    assert found(database, text="sgd", tag="t", state="cancelled", task="digits") == ["c"]
    assert found(database, author="ada") == []


def test_labels_of_no_job(database: Database) -> None:
    with database.write() as tx:
        for change in (
            lambda: labels.tag(tx, "no", "t"),
            lambda: labels.untag(tx, "no", "t"),
            lambda: labels.note(tx, "no", "t"),
            lambda: labels.archive(tx, "no", archived=True),
        ):
            with pytest.raises(NotFound):
                change()


@given(st.text(max_size=60))
def test_any_text_splits_into_words_that_find_themselves(text: str) -> None:
    parts = words.split(text)
    assert len(parts) == len(set(parts))
    assert all(0 < len(part) <= words.LONGEST for part in parts)
