"""``python -m benchmarks.pages``: a page with many trials in a browser, for docs/benchmarks/pages.md."""

from __future__ import annotations

import os
import platform
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from playwright.sync_api import Page

from benchmarks.pages.filled import job_with_trials, more_trials
from service.settings import load
from store import Database
from tests.acceptance.processes import serving
from tests.browser import chromium

TASK = "digits-mlp"
COLUMNS = (
    "trials",
    "page, kB",
    "elements",
    "charts, kB",
    "longest task, ms",
    "while pointing, ms",
    "until it shows more, ms",
)
CHARTS = ("schedules", "curves", "search", "parallel")
EPOCHS = 20
ADDED = 100

WATCH = """() => {
  window.longest = [];
  new PerformanceObserver((list) => list.getEntries().forEach((each) => window.longest.push(each.duration)))
    .observe({ type: "longtask", buffered: true });
}"""

SENT = """performance.getEntriesByType("resource").filter((each) => each.name.includes("/data/"))
  .reduce((sum, each) => sum + each.encodedBodySize, 0)"""


@click.command()
@click.option("--trials", "counts", type=int, multiple=True, default=(100, 1_000, 10_000), show_default=True)
def main(counts: tuple[int, ...]) -> None:
    """Size of the page and of its charts, and how long the browser is busy without a pause."""
    click.echo(f"{os.cpu_count()} CPUs, Python {platform.python_version()}, SQLite\n")
    click.echo(f"| {' | '.join(COLUMNS)} |")
    click.echo(f"|{' --- |' * len(COLUMNS)}")
    for n in counts:
        with filled(n) as (database, page, job):
            click.echo(f"| {n:,} | {' | '.join(f'{value:,.0f}' for value in measure(database, page, job))} |")


@contextmanager
def filled(n: int) -> Iterator[tuple[Database, Page, str]]:
    """A served job of ``n`` trials, and a browser at the server's address."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with serving(home, workers=0) as server, chromium.browser() as browser:
            database = Database(load({"LRTUNE_HOME": str(home)}).database_url)
            try:
                job = job_with_trials(database, TASK, n, epochs=EPOCHS)
                page = browser.new_page(base_url=server.url)
                page.add_init_script(f"({WATCH})()")
                yield database, page, job
            finally:
                database.dispose()


def measure(database: Database, page: Page, job: str) -> Iterator[float]:
    """The columns of the table."""
    whole = page.goto(f"/jobs/{job}")
    assert whole is not None
    yield len(whole.body()) / 1e3
    for name in CHARTS:
        page.locator(f"#chart-{name}").scroll_into_view_if_needed()
        page.locator(f"#chart-{name} canvas").wait_for()
    yield page.evaluate("document.querySelectorAll('*').length")
    yield page.evaluate(SENT) / 1e3
    yield longest(page)
    over = page.locator("#chart-search .u-over")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    for step in range(100):
        page.mouse.move(box["x"] + box["width"] * step / 100, box["y"] + box["height"] / 2)
    yield longest(page)
    shown = page.locator("#chart-search").get_attribute("data-version")
    before = page.evaluate("performance.now()")
    with database.write() as tx:
        more_trials(tx, job, ADDED, epochs=EPOCHS, chance=random.Random(1))
    page.wait_for_function(
        "shown => document.querySelector('#chart-search').dataset.version !== shown", arg=shown
    )
    yield page.evaluate("performance.now()") - before


def longest(page: Page) -> float:
    """The longest task since the last call, in ms; below 50 the browser does not tell it."""
    found: float = page.evaluate("Math.max(0, ...window.longest)")
    page.evaluate("window.longest.length = 0")
    return found


if __name__ == "__main__":
    main()
