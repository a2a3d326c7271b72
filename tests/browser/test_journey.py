"""What a member of a team does with the pages, from signing in to signing out, with a real job."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PATIENCE_MS, Tab, Team, tab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]

SMALL = {
    "/epochs": "3",
    "/search/trials": "12",
    "/range_test/seeds": "2",
    "/confirm/seeds": "3",
    "/tags": "first, digits",
}
CHARTS = ["range-test", "schedules", "curves", "search", "parallel"]


def test_a_member_gets_an_answer(browser: Browser, team: Team) -> None:
    at = tab(browser, team.url)
    sign_in(at, team)
    job = submit(at)
    watch(at)
    answer(at, job)
    charts(at)
    every_page(at, job)
    second = cancel(at)
    compare(at, job, second)
    label(at, job)
    a_webhook(at)
    a_token(at)
    sign_out(at)
    assert at.wrong == []


def test_an_admin_makes_an_account(browser: Browser, team: Team) -> None:
    at = tab(browser, team.url)
    at.open("/admin")
    at.sign_in(team.admin)
    at.accessible()
    at.page.get_by_label("Name").fill("Not A Name")
    at.page.get_by_role("button", name="Make an account").click()
    expect(at.page.locator("[data-error='/name']")).to_be_visible()
    at.wrong.clear()  # the browser reports the refusal, as it should
    at.page.get_by_label("Name").fill("cyn")
    at.page.get_by_role("button", name="Make an account").click()
    secret = at.page.locator("#account-secret")
    expect(secret).to_have_text(re.compile(r"\S{20,}"))
    new = tab(browser, team.url)
    new.open("/admin")
    new.sign_in(secret.inner_text())
    expect(new.page.get_by_role("heading", level=1)).not_to_have_text("Admin")
    assert at.wrong == []


def sign_in(at: Tab, team: Team) -> None:
    at.open("/tasks")
    assert "/login?next=%2Ftasks" in at.page.url
    at.accessible()
    at.sign_in("nonsense")
    expect(at.page.get_by_role("alert")).to_be_visible()
    at.wrong.clear()  # the browser reports the 401, as it should
    at.sign_in(team.member)
    expect(at.page).to_have_url(f"{team.url}/tasks")
    at.open("/")
    expect(at.page.get_by_role("heading", name="No jobs yet")).to_be_visible()
    at.accessible()


def submit(at: Tab) -> str:
    at.open("/submit?outside=true")
    at.accessible()
    at.open("/submit?task=digits-mlp")
    expect(at.page.locator("#estimate")).to_contain_text("trainings")
    field(at, "/epochs", "0")
    expect(at.page.locator("#estimate")).to_contain_text("every field is valid")
    at.page.get_by_role("button", name="Submit job").click()
    expect(at.page.locator("[data-error='/epochs']")).to_be_visible()
    at.wrong.clear()  # the refusals of the estimate and of the job
    at.page.get_by_text("More: how it is searched").click()
    for path, value in SMALL.items():
        field(at, path, value)
    at.page.get_by_label("Stop early").uncheck()
    expect(at.page.get_by_label("Network")).to_be_disabled()
    at.accessible()
    expect(at.page.locator("#estimate")).to_contain_text("unknown")
    at.page.get_by_role("button", name="Submit job").click()
    at.page.wait_for_url("**/jobs/*")
    job = at.page.url.rpartition("/")[2]
    asked = at.page.request.get(f"{at.url}/v1/jobs/{job}").json()
    assert asked["request"]["search"]["stop_early"] is False
    assert asked["tags"] == ["digits", "first"]
    return job


def field(at: Tab, path: str, value: str) -> None:
    at.page.locator(f"[data-path='{path}']").fill(value)


def watch(at: Tab) -> None:
    """The page follows the job to its end without being loaded again."""
    at.page.evaluate("window.stayed = true")
    expect(at.page.locator(".phases")).to_be_visible(timeout=PATIENCE_MS)
    expect(at.page.locator(".title .badge.succeeded")).to_be_visible(timeout=PATIENCE_MS)
    assert at.page.evaluate("window.stayed")


def answer(at: Tab, job: str) -> None:
    told = at.page.request.get(f"{at.url}/v1/jobs/{job}/answer").json()
    expect(at.page.locator(".verdict")).to_have_text(told["verdict"])
    for framework, tab_name in (("pytorch", "PyTorch"), ("keras", "Keras")):
        at.page.get_by_text(tab_name, exact=True).click()
        at.page.locator(f"[data-copy='code-{framework}']").click()
        code = at.page.request.get(f"{at.url}/v1/jobs/{job}/code?framework={framework}").json()["code"]
        assert at.page.evaluate("navigator.clipboard.readText()") == code
    log = at.page.get_by_role("log")
    expect(log).to_contain_text("The job is succeeded.")


def charts(at: Tab) -> None:
    """Each chart is drawn when it comes into view, and tells its values to pointer and keys."""
    for name in CHARTS:
        figure = at.page.locator(f"#chart-{name}")
        figure.scroll_into_view_if_needed()
        expect(figure.locator("canvas")).to_be_visible()
        plot, readout = figure.locator(".plot"), figure.locator(".readout")
        plot.focus()
        plot.press("ArrowRight")
        expect(readout).to_contain_text(re.compile(r"\d"))
        first = readout.inner_text()
        plot.press("ArrowRight")
        expect(readout).not_to_have_text(first)
    over = at.page.locator("#chart-range-test .u-over")
    over.scroll_into_view_if_needed()
    over.hover()
    expect(at.page.locator("#chart-range-test .readout")).to_contain_text("LR ")
    at.page.locator("#chart-parallel select").select_option("cosine")
    expect(at.page.locator("#chart-parallel .plot")).to_have_attribute("aria-label", re.compile("Parallel"))


def every_page(at: Tab, job: str) -> None:
    for path in (f"/jobs/{job}", "/", "/best?task=digits-mlp", "/tasks", "/workers", "/account", "/nowhere"):
        at.open(path)
        at.accessible()
    assert [each for each in at.wrong if "404" not in each] == []
    at.wrong.clear()
    at.open("/")
    at.page.locator(".chips").get_by_text("failed", exact=True).click()
    expect(at.page.get_by_role("heading", name="No job matches")).to_be_visible()
    at.page.locator(".chips").get_by_text("all", exact=True).click()
    expect(at.page.get_by_role("link", name=job)).to_be_visible()


def cancel(at: Tab) -> str:
    long = {"task": "digits-mlp", "epochs": 200, "search": {"trials": 500}}
    job = at.page.request.post(f"{at.url}/v1/jobs", data=long, headers={"Origin": at.url}).json()["id"]
    # The list hears of it by itself.
    expect(at.page.get_by_role("link", name=job)).to_be_visible()
    at.page.get_by_role("link", name=job).click()
    at.page.once("dialog", lambda asked: asked.accept())
    at.page.get_by_role("button", name="Cancel job").click()
    expect(at.page.locator(".title .badge.cancelled")).to_be_visible()
    at.accessible()
    return str(job)


def compare(at: Tab, *ids: str) -> None:
    at.open("/")
    for job in ids:
        at.page.get_by_label(f"Compare {job}").check()
    at.page.get_by_role("button", name="Compare").click()
    expect(at.page.get_by_role("heading", name="What differs")).to_be_visible()
    expect(at.page.get_by_role("rowheader", name="search/trials")).to_be_visible()
    at.page.locator("#chart-answers").scroll_into_view_if_needed()
    expect(at.page.locator("#chart-answers canvas")).to_be_visible()
    at.accessible()


def label(at: Tab, job: str) -> None:
    at.open(f"/jobs/{job}")
    at.page.get_by_text("Tags, note, archive").click()
    at.accessible()
    at.page.get_by_label("Tag", exact=True).fill("paper")
    at.page.get_by_role("button", name="Add").click()
    expect(at.page.locator(".title .tag").filter(has_text="paper")).to_be_visible()
    at.open("/?tag=paper")
    expect(at.page.get_by_role("link", name=job)).to_be_visible()


def a_webhook(at: Tab) -> None:
    at.open("/webhooks")
    at.accessible()
    at.page.get_by_label("Address").fill("not an address")
    at.page.get_by_role("button", name="Make a webhook").click()
    expect(at.page.locator("[data-error='/url']")).to_be_visible()
    at.wrong.clear()  # the browser reports the refusal, as it should


def a_token(at: Tab) -> None:
    at.open("/account")
    at.page.get_by_label("Label").fill("laptop")
    at.page.get_by_role("button", name="Make a token").click()
    secret = at.page.locator("#token-secret")
    expect(secret).to_have_text(re.compile(r"\S{20,}"))
    headers = {"Authorization": f"Bearer {secret.inner_text()}"}
    assert at.page.request.get(f"{at.url}/v1/me", headers=headers).json()["token"]["label"] == "laptop"
    at.page.get_by_role("link", name="Done").click()
    row = at.page.get_by_role("row").filter(has_text="laptop")
    at.page.once("dialog", lambda asked: asked.accept())
    row.get_by_role("button").click()
    expect(row).to_contain_text("revoked")
    assert at.page.request.get(f"{at.url}/v1/me", headers=headers).status == 401


def sign_out(at: Tab) -> None:
    at.page.get_by_role("button", name="Sign out").click()
    expect(at.page.get_by_role("heading", name="Sign in")).to_be_visible()
    at.open("/account")
    assert "/login" in at.page.url
