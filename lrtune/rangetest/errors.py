"""What can be wrong with a curve that is handed in."""

from __future__ import annotations


class RangeTestError(ValueError):
    """A sweep is no sweep: which ``field``, what (``detail``), how to mend it (``remedy``)."""

    def __init__(self, field: str, detail: str, remedy: str) -> None:
        super().__init__(f"{field}: {detail}; {remedy}")
        self.field = field
        self.detail = detail
        self.remedy = remedy


class CurveTooShort(RangeTestError):  # noqa: N818 (reads better where it is raised)
    """Too few points, or too few decades, to see a loss fall and rise again."""
