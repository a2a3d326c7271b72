"""DATA, read from source."""

from __future__ import annotations

import pytest

from lrtune import Data, TaskError
from lrtune.bundle import BundleError, declarations
from lrtune.wire import DataSource

SHA = "0" * 64


def test_what_is_written_out_is_read() -> None:
    source = f"""
import lrtune
from lrtune import Data
DATA: dict[str, Data] = {{
    "mnist": lrtune.Data(url="https://example.org/mnist.npz", sha256="{SHA}"),
    "big": Data(path="/datasets/big"),
}}
"""
    assert declarations.read("t.py", source.encode()) == {
        "mnist": DataSource(url="https://example.org/mnist.npz", sha256=SHA),
        "big": DataSource(path="/datasets/big"),
    }


@pytest.mark.parametrize(
    "source", ["", "DATA = load()", "DATA = {'a': 1}", "DATA = Path('data')", "DATA: int"]
)
def test_other_things_of_that_name_are_the_users_own(source: str) -> None:
    assert declarations.read("t.py", source.encode()) == {}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ('{"a": Data(url="ftp://x/y", sha256="S")}', "no http or https URL"),
        ('{"a": Data(url="https://x/y")}', "not 64 hexadecimal digits"),
        ('{"a": Data(url="https://u:p@x/y", sha256="S")}', "user name or password"),
        ('{"a": Data(url="file:///etc/passwd", sha256="S")}', "no http or https URL"),
        ('{"a": Data(path="relative")}', "no absolute path"),
        ('{"a": Data(path="/a/../etc")}', "no absolute path"),
        ('{"a": Data(path="/a", url="https://x/y", sha256="S")}', "either a url or a path"),
        ('{"a": Data()}', "either a url or a path"),
        ('{"a": Data(path=BASE + "/x")}', "not written out"),
        ('{"a": Data("https://x/y")}', "no lrtune.Data"),
        ('{"a": Data(path="/a", mode="r")}', "another field"),
        ('{"../a": Data(path="/a")}', "no plain name"),
        ('{NAME: Data(path="/a")}', "no plain name"),
        ('{**OTHER, "a": Data(path="/a")}', "no plain name"),
        ('dict(a=Data(path="/a"))', "not written out as a dict"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(value: str, says: str) -> None:
    source = "\n\nDATA = " + value.replace("S", SHA)
    with pytest.raises(BundleError, match=says) as caught:
        declarations.read("t.py", source.encode())
    assert caught.value.line == 3
    assert "t.py, line 3" in caught.value.detail


def test_the_class_checks_the_same_at_home() -> None:
    assert Data(path="/a").path == "/a"
    with pytest.raises(TaskError):
        Data(url="https://x/y", sha256="no")
