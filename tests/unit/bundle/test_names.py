"""Names of files that no system can be led astray by."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrtune.bundle import BundleError, names

PARTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["..", ".", "", "/", "\\", "C:", "con", "NUL.txt", "a.", "b ", "é", "ﬀ", "\0", "\u202e", "~"]
    ),
)


@given(st.lists(PARTS, max_size=6), st.sampled_from(["/", "\\", "//", "/./"]))
def test_what_is_accepted_stays_in_its_folder_everywhere(parts: list[str], joiner: str) -> None:
    name = joiner.join(parts)
    try:
        kept = names.path(name)
    except BundleError:
        return
    assert names.path(kept) == kept
    root = Path("/bundle")
    assert (root / kept).resolve().is_relative_to(root)
    assert (root / kept).resolve() != root
    windows = PureWindowsPath(kept)
    assert not windows.drive
    assert not windows.root
    assert ".." not in windows.parts
    assert kept.encode().decode() == kept


@pytest.mark.parametrize(
    "name",
    [
        "../x.py",
        "/etc/passwd",
        "a/../../x",
        "a//b",
        "",
        ".",
        "..",
        "a/.",
        "C:x",
        "C:\\x",
        "a\\..\\b",
        "con",
        "data/NUL.txt",
        "com1.py",
        "x.",
        "x ",
        "a\0.py",
        "a\nb",
        "x:stream",
        "\u202ex",
        "\ud800",
        "/".join("abcdefghijklmnopq"),
        "x" * 300,
    ],
)
def test_refused(name: str) -> None:
    with pytest.raises(BundleError):
        names.path(name)


@pytest.mark.parametrize("name", ["train.py", "a/b.py", "data/été.csv", ".hidden", "a-b_c.d", "console.py"])
def test_kept(name: str) -> None:
    assert names.path(name) == name


def test_one_spelling() -> None:
    assert names.path("./e\u0301.py") == "\u00e9.py"


@pytest.mark.parametrize("two", [["a.py", "A.py"], ["a", "a/b"], ["X/y", "x"], ["stra\u00dfe", "STRASSE"]])
def test_names_that_collide(two: list[str]) -> None:
    for order in (two, two[::-1]):
        with pytest.raises(BundleError, match=r"same name|is a file, and the folder"):
            names.distinct(order)


@pytest.mark.parametrize("name", ["", "-x", "a/b", "a@1", "a b", "x" * 101, "é", "a\n"])
def test_task_names_that_are_none(name: str) -> None:
    with pytest.raises(BundleError) as caught:
        names.task(name)
    assert caught.value.field == "name"
