"""``python -m benchmarks.pages.pictures``: pictures of the pages for the docs, from a real job."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
from playwright.sync_api import Browser, Page

from lrtune.client import Client
from lrtune.wire import JobRequest
from tests.acceptance.processes import serving
from tests.browser import chromium

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
JOBS = (
    {"task": "digits-mlp", "epochs": 10, "search": {"trials": 60}},
    {
        "task": "digits-mlp",
        "epochs": 10,
        "optimizer": {"name": "sgd", "momentum": 0.9},
        "search": {"trials": 30},
    },
)
DESK, PHONE = (1200, 900), (390, 844)
TIMEOUT_S = 600.0


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=PICTURES, show_default="docs/pictures")
def main(out: Path) -> None:
    """Run two jobs on the digits, and photograph the pages that show them."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder)) as server,
        chromium.browser() as browser,
    ):
        client = Client(server.url)
        handles = [client.submit(JobRequest.model_validate(request)) for request in JOBS]
        for handle in handles:
            handle.wait(timeout_s=TIMEOUT_S)
        job = f"/jobs/{handles[0].id}"
        photograph(browser, server.url + job, out / "page-job.png", DESK)
        photograph(
            browser, server.url + job, out / "page-job-dark.png", DESK, dark=True, section="Range test"
        )
        photograph(browser, server.url + job, out / "page-job-phone.png", PHONE, section="Range test")
        both = "&".join(f"jobs={handle.id}" for handle in handles)
        photograph(browser, f"{server.url}/compare?{both}", out / "page-compare.png", DESK)
        photograph(browser, f"{server.url}/submit?task=digits-mlp", out / "page-submit.png", DESK)
        photograph(browser, server.url, out / "page-jobs.png", DESK)


def photograph(
    browser: Browser, url: str, path: Path, size: tuple[int, int], *, dark: bool = False, section: str = ""
) -> None:
    """The whole page, or what a screen shows from the heading ``section`` on."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        device_scale_factor=1 if size is DESK else 2,
    )
    page = context.new_page()
    page.goto(url)
    drawn(page)
    if section:
        page.get_by_role("heading", name=section).evaluate("each => each.scrollIntoView()")
    path.parent.mkdir(exist_ok=True)
    page.screenshot(path=path, full_page=not section)
    click.echo(path)
    context.close()


def drawn(page: Page) -> None:
    """Look at every chart once, so that it is drawn."""
    for chart in page.locator("figure[data-chart]").all():
        chart.scroll_into_view_if_needed()
        chart.locator("canvas").wait_for()
    page.evaluate("scrollTo(0, 0)")


if __name__ == "__main__":
    main()
