"""What can be wrong with a bundle."""

from __future__ import annotations


class BundleError(ValueError):
    """A bundle cannot become a task: which ``field`` of the push, what (``detail``), how to mend it
    (``remedy``).

    Args:
        field: ``bundle``, ``name``, ``entry``, ``requirements`` or ``data``.
        detail: One sentence; it names the file.
        remedy: What to do.
        file: The file at fault, if it lies in one.
        line: Its line, from 1.
    """

    def __init__(
        self, field: str, detail: str, remedy: str, *, file: str | None = None, line: int | None = None
    ) -> None:
        super().__init__(f"{detail} {remedy}")
        self.field = field
        self.detail = detail
        self.remedy = remedy
        self.file = file
        self.line = line
