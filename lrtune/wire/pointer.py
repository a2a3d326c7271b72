"""JSON pointers (RFC 6901), by which a field error names its field."""

from __future__ import annotations


def escape(name: str) -> str:
    """One step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
