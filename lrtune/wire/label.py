"""What people say of jobs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lrtune.wire.base import Request

TAG_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,49}$"

TagName = Annotated[str, Field(pattern=TAG_PATTERN)]
"""1 to 50 letters, digits, dots, underscores, colons and hyphens; the first a letter or a digit."""

MOST_TAGS = 50
"""Tags of a job."""


class Note(Request):
    """Body of ``PUT /v1/jobs/{id}/note``."""

    text: Annotated[str, Field(min_length=1, max_length=10_000)]
