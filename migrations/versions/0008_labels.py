"""Tags, notes and an archive of jobs; the words that they are searched by."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("jobs", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("archived_at", _MOMENT, nullable=True))
    op.create_index("ix_jobs_author_seq", "jobs", ["author", "seq"])
    op.create_table(
        "job_tags",
        sa.Column("job", _NAME, nullable=False),
        sa.Column("tag", _NAME, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name="fk_job_tags_job"),
        sa.PrimaryKeyConstraint("job", "tag", name="pk_job_tags"),
    )
    op.create_index("ix_job_tags_tag_seq", "job_tags", ["tag", "seq"])
    op.create_table(
        "job_words",
        sa.Column("word", _NAME, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", _NAME, nullable=False),
        sa.PrimaryKeyConstraint("word", "seq", "source", name="pk_job_words"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_job_words_seq_source", "job_words", ["seq", "source"])
    _fill()


_JOBS = sa.table(
    "jobs",
    sa.column("seq", sa.BigInteger()),
    sa.column("id", _NAME),
    sa.column("task", _NAME),
    sa.column("author", _NAME),
    sa.column("request", sa.JSON()),
    sa.column("error", sa.JSON()),
)
_WORDS = sa.table(
    "job_words", sa.column("word", _NAME), sa.column("seq", sa.BigInteger()), sa.column("source", _NAME)
)


def _fill() -> None:
    connection = op.get_bind()
    last = 0
    while rows := connection.execute(
        sa.select(_JOBS).where(_JOBS.c.seq > last).order_by(_JOBS.c.seq).limit(1000)
    ).all():
        last = rows[-1].seq
        found = [
            {"word": word, "seq": row.seq, "source": source}
            for row in rows
            for source, text in (("request", _request(row)), ("error", _error(row)))
            for word in _split(text)
        ]
        if found:
            connection.execute(sa.insert(_WORDS), found)


def _request(row: Any) -> str:
    said = row.request or {}
    params = " ".join(f"{name} {json.dumps(value)}" for name, value in (said.get("params") or {}).items())
    optimizer = (said.get("optimizer") or {}).get("name", "")
    return f"{row.id} {row.task} {row.author or ''} {optimizer} {params}"


def _error(row: Any) -> str:
    return f"{row.error['code']} {row.error['detail']}" if row.error else ""


def _split(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold().replace("_", " ")
    return list(dict.fromkeys(word[:40] for word in re.findall(r"\w+", plain)))[:200]
