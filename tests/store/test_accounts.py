"""Accounts and tokens on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from lrtune.wire import Account, AccountChange, AccountKind, JobRequest, Role, Scope
from store import Database, accounts, audit, jobs, tables, tasks, tokens
from store.errors import AccountExists, LastAdmin, NotFound
from tests.store.rows import Clock

SECRET = "lrt_" + "5" * 40


def create(database: Database, name: str, role: Role = Role.ADMIN) -> Account:
    with database.write() as tx:
        return accounts.create(tx, name, kind=AccountKind.PERSON, role=role)


def change(database: Database, name: str, **asked: object) -> Account:
    with database.write() as tx:
        return accounts.change(tx, name, AccountChange.model_validate(asked))


def give(database: Database, account: str, secret: str = SECRET, **more: timedelta) -> None:
    with database.write() as tx:
        expires_at = tx.now() + more["expires"] if more else None
        tokens.create(
            tx, account, token_id="t" + secret[-3:], secret=secret, scopes=list(Scope), expires_at=expires_at
        )


def find(database: Database, secret: str = SECRET) -> tokens.Bearer:
    with database.read() as tx:
        found = tokens.find(tx, secret)
    assert found is not None
    return found


class TestAccounts:
    def test_the_first_is_an_admin(self, database: Database) -> None:
        with database.read() as tx:
            assert not accounts.exist(tx)
        with pytest.raises(LastAdmin):
            create(database, "ada", Role.MEMBER)
        create(database, "ada")
        create(database, "bob", Role.VIEWER)
        with database.read() as tx:
            assert accounts.exist(tx)

    def test_a_name_is_taken_for_good(self, database: Database) -> None:
        create(database, "root")
        create(database, "ada", Role.MEMBER)
        change(database, "ada", disabled=True)
        with pytest.raises(AccountExists):
            create(database, "ada", Role.MEMBER)

    def test_an_unknown_one(self, database: Database) -> None:
        for act in (lambda: change(database, "eve", role="admin"), lambda: give(database, "eve")):
            with pytest.raises(NotFound):
                act()

    def test_pages_by_name(self, database: Database) -> None:
        for name in ("c", "a", "b@x", "B".lower() + "-1"):
            create(database, name)
        names, cursor = [], None
        with database.read() as tx:
            while True:
                page = accounts.page(tx, cursor=cursor, limit=1)
                names += [each.name for each in page.items]
                cursor = page.next_cursor
                if cursor is None:
                    break
        assert names == ["a", "b-1", "b@x", "c"]

    def test_a_change_leaves_the_rest(self, database: Database, clock: Clock) -> None:
        create(database, "root")
        create(database, "ada", Role.MEMBER)
        change(database, "ada", running_units=3, queued_jobs=0)
        first = change(database, "ada", disabled=True)
        clock.advance(60)
        again = change(database, "ada", disabled=True, queued_jobs=None)
        assert again == first.model_copy(update={"queued_jobs": None})
        assert (again.running_units, again.role) == (3, Role.MEMBER)
        with database.read() as tx:
            assert accounts.get(tx, "ada") == again
        assert change(database, "ada", disabled=False).disabled_at is None

    @pytest.mark.parametrize("asked", [{"role": "member"}, {"disabled": True}])
    def test_one_admin_stays(self, database: Database, asked: dict[str, object]) -> None:
        create(database, "root")
        create(database, "ada")
        change(database, "ada", **asked)
        with pytest.raises(LastAdmin):
            change(database, "root", **asked)


class TestTokens:
    def test_a_good_one(self, database: Database) -> None:
        create(database, "ada")
        give(database, "ada")
        found = find(database)
        assert (found.account, found.role, found.scopes) == ("ada", Role.ADMIN, frozenset(Scope))
        assert (found.revoked, found.expired, found.disabled, found.used) == (False, False, False, False)
        with database.read() as tx:
            assert tokens.find(tx, SECRET + "x") is None
            assert tokens.find(tx, tokens.digest(SECRET)) is None
            assert tokens.recall(tx, found.token) == found

    def test_only_the_hash_is_kept(self, database: Database) -> None:
        create(database, "ada")
        give(database, "ada")
        with database.read() as tx:
            [row] = tx.conn.execute(sa.select(tables.tokens)).all()
        assert SECRET not in str(row)
        assert len(row.hash) == 64

    def test_it_expires(self, database: Database, clock: Clock) -> None:
        create(database, "ada")
        give(database, "ada", expires=timedelta(seconds=10))
        clock.advance(9.9)
        assert not find(database).expired
        clock.advance(0.1)
        assert find(database).expired

    def test_its_use_is_of_late_for_a_minute(self, database: Database, clock: Clock) -> None:
        create(database, "ada")
        give(database, "ada")
        with database.write() as tx:
            tokens.use(tx, find(database).token)
        clock.advance(59)
        assert find(database).used
        clock.advance(1)
        assert not find(database).used

    def test_revoking_again_keeps_the_moment(self, database: Database, clock: Clock) -> None:
        create(database, "ada")
        give(database, "ada")
        seen = []
        for _ in range(2):
            with database.write() as tx:
                seen.append(tokens.revoke(tx, find(database).token))
            clock.advance(5)
        assert seen[0] == seen[1]
        assert find(database).revoked
        with database.write() as tx, pytest.raises(NotFound):
            tokens.revoke(tx, "nothing")

    def test_pages_of_one_account_by_age(self, database: Database) -> None:
        create(database, "ada")
        create(database, "bob")
        for n in (3, 1, 2):
            give(database, "ada", f"lrt_{n:040}")
        give(database, "bob")
        with database.read() as tx:
            first = tokens.page(tx, account="ada", cursor=None, limit=2)
            last = tokens.page(tx, account="ada", cursor=first.next_cursor, limit=2)
        assert [each.id for each in (*first.items, *last.items)] == ["t003", "t001", "t002"]
        assert last.next_cursor is None


def test_authors(database: Database) -> None:
    create(database, "ada")
    with database.write() as tx:
        for job_id, author in (("j1", "ada"), ("j2", None)):
            job, _ = jobs.submit(tx, JobRequest(task="digits"), job_id=job_id, author=author)
            assert job.author == jobs.author(tx, job_id) == author
        with pytest.raises(NotFound):
            jobs.author(tx, "j3")
        assert tasks.get(tx, "digits").author is None


def test_the_audit_log_keeps_what_both_databases_take(database: Database) -> None:
    with database.write() as tx:
        audit.add(tx, account=None, token=None, action="GET /", target="/\0\ud800", status=200, origin="")
    with database.read() as tx:
        [entry] = audit.page(tx, account=None, cursor=None, limit=5).items
        assert audit.page(tx, account="ada", cursor=None, limit=5).items == []
    assert entry.target == "/\ufffd\ufffd"
