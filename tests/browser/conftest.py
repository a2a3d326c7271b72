"""A real server with accounts and a worker, and a real browser in front of it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.processes import environ, lrtune, serving
from tests.browser import chromium

PATIENCE_MS = 120_000
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CONTRAST = ["color-contrast"]
"""The one rule that sees colours: the others find the same in light and in dark."""

LOOKS: dict[tuple[int, Literal["light", "dark"]], list[str]] = {
    (1280, "light"): RULES,
    (1280, "dark"): CONTRAST,
    (390, "dark"): RULES,
    (390, "light"): CONTRAST,
}
"""Widths and colours in which every page is looked at."""

expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; without any the tests are skipped, and fail where ``CI`` is true."""
    if chromium.path() is None and os.environ.get("CI") != "true":
        pytest.skip("There is no Chromium: install it, or name it in CHROMIUM.")
    with chromium.browser() as found:
        yield found


@dataclass
class Tab:
    """A page in a browser context of its own, which notes everything that goes wrong in it."""

    page: Page
    url: str
    wrong: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)

    def sign_in(self, secret: str) -> None:
        self.page.get_by_label("Token").fill(secret)
        self.page.get_by_role("button", name="Sign in").click()

    def accessible(self) -> None:
        """The page as it stands breaks no rule of axe, in light and in dark, on a desk and on a phone."""
        for (width, scheme), rules in LOOKS.items():
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.emulate_media(color_scheme=scheme)
            found = Axe().run(self.page, options={"runOnly": rules})
            broken = [
                (rule["id"], [node["html"] for node in rule["nodes"]])
                for rule in found.response["violations"]
            ]
            assert broken == [], f"{self.page.url} in {scheme} at {width}"
            wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{self.page.url} scrolls sideways at {width}"
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": 1280, "height": 900})


def tab(browser: Browser, url: str) -> Tab:
    """A new tab for the server at ``url``."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    found = Tab(context.new_page(), url)
    found.page.on("pageerror", lambda error: found.wrong.append(str(error)))
    found.page.on(
        "console", lambda said: found.wrong.append(said.text) if said.type in ("error", "warning") else None
    )
    return found


def command(home: Path, *arguments: str) -> Any:
    """What an lrtune command prints as JSON."""
    done = subprocess.run(
        lrtune(*arguments, "--json"), env=environ(home), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Team:
    """A server's address, and a secret token each of an admin and a member."""

    url: str
    admin: str
    member: str


@pytest.fixture(scope="session")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    home = tmp_path_factory.mktemp("home")
    admin = command(home, "admin", "create-user", "ada", "--role", "admin")
    member = command(home, "admin", "create-user", "bob")
    with serving(home) as server:
        yield Team(server.url, admin["token"]["secret"], member["token"]["secret"])
