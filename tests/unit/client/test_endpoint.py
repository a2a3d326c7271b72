from __future__ import annotations

import pytest

from lrtune.client.endpoint import DEFAULT_URL, Endpoint


@pytest.mark.parametrize(
    ("url", "loopback"),
    [("http://127.0.0.1:8765", True), ("http://localhost", True), ("http://[::1]:8765", True),
     ("http://10.0.0.7", False), ("https://lrtune.example", False)],
)  # fmt: skip
def test_only_this_machine_is_reached_without_a_proxy(url: str, loopback: bool) -> None:
    assert Endpoint.of(url, None, {}).loopback is loopback


def test_arguments_win_over_the_environment_and_nothing_set_is_the_default() -> None:
    environ = {"LRTUNE_URL": "http://there", "LRTUNE_TOKEN": "theirs"}
    assert Endpoint.of("http://here/", "mine", environ) == Endpoint("http://here", "mine")
    assert Endpoint.of(None, None, environ) == Endpoint("http://there", "theirs")
    assert Endpoint.of(None, None, {"LRTUNE_URL": "", "LRTUNE_TOKEN": ""}) == Endpoint(DEFAULT_URL, None)
