"""Column types that mean the same on both databases."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect


class UtcDateTime(sa.TypeDecorator[datetime]):
    """A UTC-aware moment with microseconds: ``timestamptz`` on PostgreSQL, text that sorts on SQLite.

    Raises:
        ValueError: On writing a naive datetime.
    """

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def name() -> sa.types.TypeEngine[str]:
    """Text that both databases order by code point, whatever PostgreSQL's locale."""
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def json_rows(*columns: sa.ColumnElement[Any], embedded: bool) -> sa.ColumnElement[Any]:
    """Aggregates rows into one JSON array, with an array of ``columns`` for each; NULL may stand for none."""
    if embedded:
        found = sa.func.json_group_array(sa.func.json_array(*columns))
    else:
        found = sa.func.json_agg(sa.func.json_build_array(*columns))
    return sa.type_coerce(found, sa.JSON())


def to_json(value: Any) -> str:
    """JSON that both databases take: no NaN or infinity (null instead), no NUL, no lone surrogate (U+FFFD).

    Losses are cleaned where they are made; this is the last look at what a user's code may have put into a
    log line, a traceback or a number.
    """
    try:
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError:
        return json.dumps(_clean(value), allow_nan=False, separators=(",", ":"))
    if "\\u0000" in text or "\\ud" in text:
        return json.dumps(_clean(value), allow_nan=False, separators=(",", ":"))
    return text


def _clean(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def clean(text: str) -> str:
    """``text`` as both databases take it: U+FFFD for NUL and for lone surrogates."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
