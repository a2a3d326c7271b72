"""Words of jobs, for the search by text: an index of our own, because the databases' differ.

Every word of a job is a row, so ``word`` and its beginnings are found by an index on both databases.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

import sqlalchemy as sa

from store import tables
from store.database import Tx

Source = Literal["request", "note", "tag", "error"]

LONGEST = 40
"""Characters of a word that are kept; a longer one is found by its beginning."""

MOST = 200
"""Words of a text that are kept."""

_WORDS = tables.job_words.c
_JOBS = tables.jobs.c
_WORD = re.compile(r"\w+")
_LAST = "\U0010ffff"


def split(text: str) -> list[str]:
    """The distinct words of a text, in their order: letters and digits, without regard to case.

    A name such as ``digits-mlp`` or ``weight_decay`` is found by each of its parts.
    """
    plain = unicodedata.normalize("NFKC", text).casefold().replace("_", " ")
    return list(dict.fromkeys(word[:LONGEST] for word in _WORD.findall(plain)))


def put(tx: Tx, job_id: str, source: Source, text: str) -> None:
    """Let a job be found by the words of ``text``; what it was found by from this source before is forgotten.

    The caller has locked the job.
    """
    seq = tx.conn.execute(sa.select(_JOBS.seq).where(_JOBS.id == job_id)).scalar_one()
    tx.conn.execute(sa.delete(tables.job_words).where(_WORDS.seq == seq, _WORDS.source == source))
    add(tx, seq, source, text)


def add(tx: Tx, seq: int, source: Source, text: str) -> None:
    """Let a job be found by the words of ``text``, which it was not from this source before."""
    found = split(text)[:MOST]
    if found:
        tx.conn.execute(
            sa.insert(tables.job_words), [{"word": word, "seq": seq, "source": source} for word in found]
        )


def matching(text: str) -> sa.ColumnElement[bool]:
    """Condition on jobs: each word of ``text`` is, or begins, one of the job's."""
    return sa.and_(
        sa.true(),
        *(
            _JOBS.seq.in_(sa.select(_WORDS.seq).where(_WORDS.word >= word, _WORDS.word < word + _LAST))
            for word in split(text)
        ),
    )
