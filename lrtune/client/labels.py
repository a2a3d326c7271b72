"""The client's part for what people say of jobs: tags, notes, the archive."""

from __future__ import annotations

import re

from lrtune.client.calls import Calls, of_job
from lrtune.client.errors import ArgumentError
from lrtune.wire import Job, Note
from lrtune.wire.label import TAG_PATTERN


class Labels(Calls):
    """Tags, notes, the archive. Each may be done again, and changes nothing then."""

    def tag(self, job_id: str, tag: str) -> Job:
        """Put a tag on a job."""
        return self._read(Job, self._connection.put(of_job(job_id, f"/tags/{_tag(tag)}")))

    def untag(self, job_id: str, tag: str) -> Job:
        """Take a tag off a job."""
        return self._read(Job, self._connection.delete(of_job(job_id, f"/tags/{_tag(tag)}")))

    def write_note(self, job_id: str, text: str) -> Job:
        """Write a job's note, in place of the one before."""
        body = Note(text=text).model_dump(mode="json")
        return self._read(Job, self._connection.put(of_job(job_id, "/note"), body))

    def remove_note(self, job_id: str) -> Job:
        """Remove a job's note."""
        return self._read(Job, self._connection.delete(of_job(job_id, "/note")))

    def archive(self, job_id: str) -> Job:
        """Take a job out of lists and of the best answers; it stays readable by its id."""
        return self._read(Job, self._connection.put(of_job(job_id, "/archive")))

    def unarchive(self, job_id: str) -> Job:
        """Bring an archived job back."""
        return self._read(Job, self._connection.delete(of_job(job_id, "/archive")))


def _tag(tag: str) -> str:
    if not re.fullmatch(TAG_PATTERN, tag):
        raise ArgumentError(
            "tag", f"{tag!r} is no tag.", "Use 1 to 50 letters, digits, dots, underscores, colons, hyphens."
        )
    return tag
