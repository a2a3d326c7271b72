"""The first tables: tasks, jobs, units, trials, reports, curves, range tests, answers, events, workers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite counts up only in a column that is spelled INTEGER.
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "tasks",
        sa.Column("name", _NAME, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", _NAME, nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("params_schema", sa.JSON(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name="pk_tasks"),
        sa.UniqueConstraint("name", "digest", name="uq_tasks_name_digest"),
    )
    op.create_table(
        "workers",
        sa.Column("id", _NAME, nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("lease_s", sa.Double(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("job", sa.Text(), nullable=True),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
    )
    op.create_table(
        "jobs",
        sa.Column("seq", _SERIAL, nullable=False),
        sa.Column("id", _NAME, nullable=False),
        sa.Column("task", _NAME, nullable=False),
        sa.Column("task_version", sa.Integer(), nullable=False),
        sa.Column("task_digest", _NAME, nullable=False),
        sa.Column("state", _NAME, nullable=False),
        sa.Column("phase", _NAME, nullable=True),
        sa.Column("goal", _NAME, nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("engine", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("trials", sa.Integer(), nullable=False),
        sa.Column("best_number", sa.Integer(), nullable=True),
        sa.Column("best_schedule", sa.Text(), nullable=True),
        sa.Column("best_initial_lr", sa.Double(), nullable=True),
        sa.Column("best_value", sa.Double(), nullable=True),
        sa.Column("idempotency_key", _NAME, nullable=True),
        sa.Column("idempotency_digest", sa.Text(), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=True),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.CheckConstraint(
            "(finished_at IS NOT NULL) = (state IN ('succeeded', 'failed', 'cancelled'))",
            name="ck_jobs_finished",
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="ck_jobs_state"
        ),
        sa.ForeignKeyConstraint(
            ["task", "task_version"], ["tasks.name", "tasks.version"], name="fk_jobs_task_task_version"
        ),
        sa.PrimaryKeyConstraint("seq", name="pk_jobs"),
        sa.UniqueConstraint("id", name="uq_jobs_id"),
        sa.UniqueConstraint("idempotency_key", name="uq_jobs_idempotency_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_state_seq", "jobs", ["state", "seq"])
    op.create_index("ix_jobs_task_seq", "jobs", ["task", "seq"])
    op.create_table(
        "task_files",
        sa.Column("task", _NAME, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("path", _NAME, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task", "version"], ["tasks.name", "tasks.version"], name="fk_task_files_task_version"
        ),
        sa.PrimaryKeyConstraint("task", "version", "path", name="pk_task_files"),
    )
    op.create_table(
        "answers",
        sa.Column("job", _NAME, nullable=False),
        sa.Column("task", _NAME, nullable=False),
        sa.Column("optimizer", _NAME, nullable=False),
        sa.Column("metric", _NAME, nullable=False),
        sa.Column("goal", _NAME, nullable=False),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name="fk_answers_job"),
        sa.PrimaryKeyConstraint("job", name="pk_answers"),
    )
    op.create_index("ix_answers_task_optimizer", "answers", ["task", "optimizer"])
    op.create_table(
        "curves",
        sa.Column("job", _NAME, nullable=False),
        sa.Column("sweep", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seed", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lr", sa.JSON(), nullable=False),
        sa.Column("loss", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name="fk_curves_job"),
        sa.PrimaryKeyConstraint("job", "sweep", "seed", name="pk_curves"),
    )
    op.create_table(
        "events",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("job", _NAME, nullable=False),
        sa.Column("kind", _NAME, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name="fk_events_job"),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_job_id", "events", ["job", "id"])
    op.create_table(
        "job_phases",
        sa.Column("job", _NAME, nullable=False),
        sa.Column("phase", _NAME, nullable=False),
        sa.Column("trainings", sa.Integer(), nullable=False),
        sa.Column("epochs", sa.BigInteger(), nullable=False),
        sa.Column("trainings_done", sa.Integer(), nullable=False),
        sa.Column("epochs_done", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name="fk_job_phases_job"),
        sa.PrimaryKeyConstraint("job", "phase", name="pk_job_phases"),
    )
    op.create_table(
        "range_tests",
        sa.Column("job", _NAME, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name="fk_range_tests_job"),
        sa.PrimaryKeyConstraint("job", name="pk_range_tests"),
    )
    op.create_table(
        "units",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("job", _NAME, nullable=False),
        sa.Column("kind", _NAME, nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", _NAME, nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lapses", sa.Integer(), nullable=False),
        sa.Column("worker", _NAME, nullable=True),
        sa.Column("expires_at", _MOMENT, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("closed_at", _MOMENT, nullable=True),
        sa.CheckConstraint("(closed_at IS NOT NULL) = (state = 'closed')", name="ck_units_closed"),
        sa.CheckConstraint("(expires_at IS NOT NULL) = (state = 'leased')", name="ck_units_leased"),
        sa.CheckConstraint("state IN ('open', 'leased', 'closed')", name="ck_units_state"),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name="fk_units_job"),
        sa.PrimaryKeyConstraint("id", name="pk_units"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_units_leased",
        "units",
        ["expires_at"],
        sqlite_where=sa.text("state = 'leased'"),
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_index(
        "ix_units_open",
        "units",
        ["turn", "id"],
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "ix_units_unfinished",
        "units",
        ["job", "turn"],
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_table(
        "trials",
        sa.Column("job", _NAME, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("phase", _NAME, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("state", _NAME, nullable=False),
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("initial_lr", sa.Double(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("epochs", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("unit", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(value IS NOT NULL) = (state = 'complete')", name="ck_trials_value"),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'complete', 'pruned', 'diverged')", name="ck_trials_state"
        ),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name="fk_trials_job"),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name="fk_trials_unit"),
        sa.PrimaryKeyConstraint("job", "number", name="pk_trials"),
    )
    op.create_index("ix_trials_unit", "trials", ["unit"])
    op.create_table(
        "reports",
        sa.Column("job", _NAME, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("lr", sa.Double(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job", "number"], ["trials.job", "trials.number"], name="fk_reports_job_number"
        ),
        sa.PrimaryKeyConstraint("job", "number", "epoch", name="pk_reports"),
        sqlite_with_rowid=False,
    )
