"""Jobs side by side."""

from __future__ import annotations

from typing import Any

from lrtune.wire.answer import Answer
from lrtune.wire.base import Resource
from lrtune.wire.job import Job
from lrtune.wire.range_test import Suggestion


class ComparedJob(Resource):
    """A job with what it found, null where there is none (yet)."""

    job: Job
    suggestion: Suggestion | None = None
    answer: Answer | None = None


class Contrast(Resource):
    """Something in which the jobs differ: ``what`` is a path in the request (``optimizer/weight_decay``),
    ``task``, or a path in the answer's provenance; ``values`` are the jobs', in their order."""

    what: str
    values: list[Any]


class Comparison(Resource):
    """Body of ``GET /v1/compare``.

    ``best`` is the job whose answer has the best mean, null where answers cannot be compared; ``remarks`` say
    in sentences what to be careful about.
    """

    jobs: list[ComparedJob]
    differing: list[Contrast]
    best: str | None = None
    remarks: list[str]
