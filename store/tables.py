"""The tables, as docs/store.md describes them; migrations/ creates them (a test compares the two)."""

from __future__ import annotations

import sqlalchemy as sa

from store.columns import UtcDateTime, name

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts up only in a column that is spelled INTEGER; elsewhere ids get 64 bits.
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _job() -> sa.Column[str]:
    return sa.Column("job", name(), sa.ForeignKey("jobs.id"), nullable=False)


def _author() -> sa.Column[str]:
    # Accounts are disabled, never deleted; null is from before there were accounts.
    return sa.Column("author", name(), sa.ForeignKey("accounts.name"))


accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("name", name(), primary_key=True),
    sa.Column("kind", name(), nullable=False),
    sa.Column("role", name(), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("disabled_at", UtcDateTime),
    sa.Column("running_units", sa.Integer),
    sa.Column("queued_jobs", sa.Integer),
    sa.Column("minutes_a_day", sa.Integer),
    sa.CheckConstraint("kind IN ('person', 'machine')", name="kind"),
    sa.CheckConstraint("role IN ('viewer', 'member', 'admin')", name="role"),
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("seq", _SERIAL, primary_key=True),
    sa.Column("id", name(), nullable=False, unique=True),
    sa.Column("account", name(), sa.ForeignKey("accounts.name"), nullable=False),
    sa.Column("hash", name(), nullable=False, unique=True),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("last_used_at", UtcDateTime),
    sa.Column("revoked_at", UtcDateTime),
    sa.Index(None, "account", "seq"),
    sqlite_autoincrement=True,
)

tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("name", name(), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("digest", name(), nullable=False),
    sa.Column("entry", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("params_schema", sa.JSON, nullable=False),
    sa.Column("requirements", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    _author(),
    sa.UniqueConstraint("name", "digest"),
)

task_files = sa.Table(
    "task_files",
    metadata,
    sa.Column("task", name(), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("path", name(), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.ForeignKeyConstraint(["task", "version"], ["tasks.name", "tasks.version"]),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("seq", _SERIAL, primary_key=True),
    sa.Column("id", name(), nullable=False, unique=True),
    sa.Column("task", name(), nullable=False),
    sa.Column("task_version", sa.Integer, nullable=False),
    sa.Column("task_digest", name(), nullable=False),
    sa.Column("state", name(), nullable=False),
    sa.Column("phase", name()),
    sa.Column("goal", name(), nullable=False),
    sa.Column("request", sa.JSON, nullable=False),
    sa.Column("error", sa.JSON(none_as_null=True)),
    sa.Column("engine", sa.JSON(none_as_null=True)),
    sa.Column("trials", sa.Integer, nullable=False),
    sa.Column("best_number", sa.Integer),
    sa.Column("best_schedule", sa.Text),
    sa.Column("best_initial_lr", sa.Double),
    sa.Column("best_value", sa.Double),
    sa.Column("idempotency_key", name(), unique=True),
    sa.Column("idempotency_digest", sa.Text),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("started_at", UtcDateTime),
    sa.Column("finished_at", UtcDateTime),
    _author(),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("note", sa.Text),
    sa.Column("archived_at", UtcDateTime),
    sa.ForeignKeyConstraint(["task", "task_version"], ["tasks.name", "tasks.version"]),
    sa.CheckConstraint("state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="state"),
    sa.CheckConstraint(
        "(finished_at IS NOT NULL) = (state IN ('succeeded', 'failed', 'cancelled'))", name="finished"
    ),
    sa.Index(None, "task", "seq"),
    sa.Index(None, "state", "seq"),
    sa.Index(None, "author", "state"),
    sa.Index(None, "author", "seq"),
    sqlite_autoincrement=True,
)

job_tags = sa.Table(
    "job_tags",
    metadata,
    sa.Column("job", name(), sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("tag", name(), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Index(None, "tag", "seq"),
)

job_words = sa.Table(
    "job_words",
    metadata,
    sa.Column("word", name(), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("source", name(), primary_key=True),
    sa.Index(None, "seq", "source"),
    sqlite_with_rowid=False,
)

job_phases = sa.Table(
    "job_phases",
    metadata,
    sa.Column("job", name(), sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("phase", name(), primary_key=True),
    sa.Column("trainings", sa.Integer, nullable=False),
    sa.Column("epochs", sa.BigInteger, nullable=False),
    sa.Column("trainings_done", sa.Integer, nullable=False),
    sa.Column("epochs_done", sa.BigInteger, nullable=False),
)

units = sa.Table(
    "units",
    metadata,
    sa.Column("id", _SERIAL, primary_key=True),
    _job(),
    sa.Column("kind", name(), nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("state", name(), nullable=False),
    sa.Column("turn", sa.BigInteger, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("lapses", sa.Integer, nullable=False),
    sa.Column("worker", name()),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("closed_at", UtcDateTime),
    sa.Column("ready", sa.Boolean, nullable=False, server_default=sa.true()),
    # The job's author, empty without one; lower ranks go first.
    sa.Column("author", name(), nullable=False, server_default=""),
    sa.Column("rank", sa.Integer, nullable=False, server_default="0"),
    sa.Column("claimed_at", UtcDateTime),
    sa.Column("checkpoint", sa.JSON(none_as_null=True)),
    sa.CheckConstraint("state IN ('open', 'leased', 'closed')", name="state"),
    sa.CheckConstraint("(expires_at IS NOT NULL) = (state = 'leased')", name="leased"),
    sa.CheckConstraint("(closed_at IS NOT NULL) = (state = 'closed')", name="closed"),
    # Partial: a claim looks at open units alone, however many have been closed.
    sa.Index(
        "ix_units_open",
        "rank",
        "turn",
        "id",
        sqlite_where=sa.text("state = 'open' AND ready"),
        postgresql_where=sa.text("state = 'open' AND ready"),
    ),
    sa.Index(None, "author", "closed_at"),
    sa.Index(
        "ix_units_leased",
        "expires_at",
        sqlite_where=sa.text("state = 'leased'"),
        postgresql_where=sa.text("state = 'leased'"),
    ),
    sa.Index(
        "ix_units_unfinished",
        "job",
        "turn",
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    ),
    sqlite_autoincrement=True,
)

trials = sa.Table(
    "trials",
    metadata,
    sa.Column("job", name(), sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("phase", name(), nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("state", name(), nullable=False),
    sa.Column("schedule", sa.Text, nullable=False),
    sa.Column("initial_lr", sa.Double, nullable=False),
    sa.Column("params", sa.JSON, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("epochs", sa.Integer, nullable=False),
    sa.Column("label", sa.Text),
    sa.Column("value", sa.Double),
    sa.Column("unit", sa.BigInteger, sa.ForeignKey("units.id")),
    sa.CheckConstraint("state IN ('waiting', 'running', 'complete', 'pruned', 'diverged')", name="state"),
    sa.CheckConstraint("(value IS NOT NULL) = (state = 'complete')", name="value"),
    sa.Index(None, "unit"),
)

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("job", name(), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("step", sa.BigInteger, nullable=False),
    sa.Column("lr", sa.Double, nullable=False),
    sa.Column("values", sa.JSON, nullable=False),
    sa.ForeignKeyConstraint(["job", "number"], ["trials.job", "trials.number"]),
    sqlite_with_rowid=False,
)

curves = sa.Table(
    "curves",
    metadata,
    sa.Column("job", name(), sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("sweep", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seed", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("lr", sa.JSON, nullable=False),
    sa.Column("loss", sa.JSON, nullable=False),
)

range_tests = sa.Table(
    "range_tests",
    metadata,
    sa.Column("job", name(), sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

situations = sa.Table(
    "situations",
    metadata,
    sa.Column("id", _SERIAL, primary_key=True),
    sa.Column("task", name(), nullable=False),
    sa.Column("optimizer", name(), nullable=False),
    sa.Column("digest", name(), nullable=False, unique=True),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Index("ix_situations_task_optimizer", "task", "optimizer"),
)

answers = sa.Table(
    "answers",
    metadata,
    sa.Column("job", name(), sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("task", name(), nullable=False),
    sa.Column("optimizer", name(), nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("situation", sa.BigInteger, sa.ForeignKey("situations.id"), nullable=False),
    sa.Column("ranking", name(), nullable=False),
    sa.Column("worse", sa.Double, nullable=False),
    # Each ends with what answers are sorted by, so that the best are read without sorting.
    sa.Index("ix_answers_task", "task", "ranking", "worse", "seq"),
    sa.Index("ix_answers_task_optimizer", "task", "optimizer", "ranking", "worse", "seq"),
    sa.Index("ix_answers_situation", "situation", "ranking", "worse", "seq"),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", _SERIAL, primary_key=True),
    _job(),
    sa.Column("kind", name(), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Index(None, "job", "id"),
    sqlite_autoincrement=True,
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("id", name(), primary_key=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.BigInteger, nullable=False),
    sa.Column("device", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("lease_s", sa.Double, nullable=False),
    sa.Column("isolation", name()),
    sa.Column("unit", sa.Text),
    sa.Column("job", sa.Text),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
)

drains = sa.Table("drains", metadata, sa.Column("since", UtcDateTime, primary_key=True))

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", _SERIAL, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("account", name()),
    sa.Column("token", name()),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Index(None, "account", "id"),
    sqlite_autoincrement=True,
)

webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("seq", _SERIAL, primary_key=True),
    sa.Column("id", name(), nullable=False, unique=True),
    sa.Column("account", name(), sa.ForeignKey("accounts.name")),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("events", sa.JSON, nullable=False),
    sa.Column("team", sa.Boolean, nullable=False),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("removed_at", UtcDateTime),
    sqlite_autoincrement=True,
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("seq", _SERIAL, primary_key=True),
    sa.Column("id", name(), nullable=False, unique=True),
    sa.Column("webhook", name(), sa.ForeignKey("webhooks.id"), nullable=False),
    sa.Column("event", name(), nullable=False),
    sa.Column("job", name(), sa.ForeignKey("jobs.id")),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("state", name(), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("error", sa.Text),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("next_at", UtcDateTime),
    sa.Column("delivered_at", UtcDateTime),
    sa.CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name="state"),
    sa.CheckConstraint("(next_at IS NOT NULL) = (state = 'waiting')", name="next"),
    sa.Index(None, "webhook", "seq"),
    # Partial: the sender looks at what waits alone, however much has been sent.
    sa.Index(
        "ix_deliveries_waiting",
        "next_at",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    ),
    sqlite_autoincrement=True,
)
