"""docs/answer.md and docs/search.md name every field and every name that they are about."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from lrtune.answer import BASELINES
from lrtune.search import SAMPLERS
from lrtune.wire import (
    Answer,
    Bands,
    Contender,
    Curve,
    Estimate,
    Mark,
    Marks,
    Outcome,
    Provenance,
    RangeTest,
    ScheduleChoice,
    SearchSpec,
    Suggestion,
)

DOCS = Path(__file__).parents[3] / "docs"


def named(page: str) -> set[str]:
    """The words in code marks on a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return {word for code in re.findall(r"`([^`]+)`", text) for word in re.findall(r"\w+", code)}


@pytest.mark.parametrize(
    "model",
    [
        Answer,
        Bands,
        Contender,
        Curve,
        Estimate,
        Mark,
        Marks,
        Provenance,
        RangeTest,
        ScheduleChoice,
        Suggestion,
    ],
)
def test_every_field_is_explained(model: type[BaseModel]) -> None:
    assert set(model.model_fields) <= named("answer.md")


def test_every_outcome_and_baseline_is_explained() -> None:
    assert {outcome.value for outcome in Outcome} | set(BASELINES) <= named("answer.md")


def test_every_sampler_and_search_option_is_explained() -> None:
    assert set(SAMPLERS) | set(SearchSpec.model_fields) <= named("search.md")


@pytest.mark.parametrize("page", ["answer.md", "search.md"])
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (DOCS / page).read_text(encoding="utf-8")):
        assert (DOCS / target).exists(), target
