"""The client's part for files."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from lrtune.client.calls import Calls, of_job

Format = Literal["json", "csv", "optuna", "optuna-journal", "html"]


class Exports(Calls):
    """Jobs as files."""

    def export(self, job_id: str, format: Format = "json") -> bytes:
        """A job with what it measured so far, as the content of a file; see ``save``."""
        return self._connection.get(of_job(job_id, "/export"), {"format": format}).content

    def save(self, job_id: str, path: str | Path, format: Format = "json") -> Path:
        """Write a job to a file; an old file stays until the new one is whole. Gives back where.

        Raises:
            OSError: The file cannot be written.
        """
        path = Path(path)
        part = path.with_name(f".{path.name}.part")
        try:
            part.write_bytes(self.export(job_id, format))
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return path
