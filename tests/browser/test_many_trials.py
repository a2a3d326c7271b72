"""Ten thousand trials: the page stays small, its charts are drawn, and it follows what is added."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from benchmarks.pages.filled import job_with_trials, more_trials
from service.settings import load
from store import Database
from tests.acceptance.processes import serving
from tests.browser.conftest import tab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200)]

TRIALS = 10_000
ELEMENTS = 2_000


def test_ten_thousand_trials(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path, workers=0) as server:
        database = Database(load({"LRTUNE_HOME": str(tmp_path)}).database_url)
        job = job_with_trials(database, "digits-mlp", TRIALS, epochs=2)
        at = tab(browser, server.url)
        # A stream that fails at first is begun again.
        at.page.route("**/events", lambda route: route.abort(), times=1)
        at.open(f"/jobs/{job}")
        expect(at.page.locator("#offline")).to_be_visible()
        expect(at.page.locator("#offline")).to_be_hidden()
        for name in ("schedules", "curves", "search", "parallel"):
            at.page.locator(f"#chart-{name}").scroll_into_view_if_needed()
            expect(at.page.locator(f"#chart-{name} canvas")).to_be_visible()
        assert at.page.evaluate("document.querySelectorAll('*').length") < ELEMENTS
        dots = at.page.locator("#chart-search .plot")
        dots.focus()
        dots.press("End")
        expect(at.page.locator("#chart-search .readout")).to_contain_text(re.compile(r"Trial \d+"))
        with database.write() as tx:
            more_trials(tx, job, 10, epochs=2, chance=random.Random(1))
        expect(at.page.locator("#chart-search")).to_have_attribute("data-version", str(TRIALS + 10))
        expect(dots).to_have_attribute("aria-label", re.compile("complete trials"))
        database.dispose()
    # The server is gone: the page says so, and keeps what it has.
    expect(at.page.locator("#offline")).to_be_visible()
    expect(dots).to_be_visible()
