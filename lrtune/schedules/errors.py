"""The one error of schedules."""

from __future__ import annotations


class ScheduleError(ValueError):
    """A schedule or a parameter is wrong: which ``field``, what (``detail``), how to mend it (``remedy``)."""

    def __init__(self, field: str, detail: str, remedy: str) -> None:
        super().__init__(f"{field}: {detail} ({remedy})")
        self.field = field
        self.detail = detail
        self.remedy = remedy
