"""docs/benchmarks.md names every benchmark of the Makefile and every page that one writes."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
OVERVIEW = (ROOT / "docs" / "benchmarks.md").read_text()


def test_every_benchmark_is_named() -> None:
    targets = set(re.findall(r"^(bench-[a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert targets
    assert targets == set(re.findall(r"`make (bench-[a-z-]+)`", OVERVIEW))


def test_every_page_is_linked() -> None:
    pages = {page.name for page in (ROOT / "docs" / "benchmarks").glob("*.md")}
    assert pages
    assert pages == set(re.findall(r"\]\(benchmarks/([a-z-]+\.md)\)", OVERVIEW))
