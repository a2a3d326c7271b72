"""Bundles as bytes: what is read back, and every hostile zip."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtune.bundle import BundleError, archive
from tests.unit.bundle import zips
from tests.unit.bundle.zips import zipped

GOOD = {"train.py": b"def task(): ...", "data/x.bin": bytes(range(256))}
NAMES = st.text(st.characters(codec="ascii"), min_size=1, max_size=12)


def read(packed: bytes, filename: str = "bundle.zip") -> dict[str, bytes]:
    return archive.read(io.BytesIO(packed), filename)


def test_a_zip_and_a_file() -> None:
    assert read(zipped(GOOD)) == GOOD
    assert read(b"x = 1", "train.py") == {"train.py": b"x = 1"}
    assert read(archive.pack(GOOD)) == GOOD
    assert archive.pack(GOOD) == archive.pack(dict(reversed(GOOD.items())))


def test_what_systems_leave_behind_is_left_out() -> None:
    litter = {"__MACOSX/._train.py": b"", "a/__pycache__/x.pyc": b"", ".DS_Store": b"", "a/": b""}
    assert read(zipped(GOOD | litter)) == GOOD


HOSTILE = {
    "traversal": (zipped({"../x.py": b""}), "can leave its folder"),
    "inner traversal": (zipped({"a/../../x.py": b""}), "can leave its folder"),
    "absolute": (zipped({"/etc/x.py": b""}), "is absolute"),
    "backslash": (zipped({"..\\x.py": b""}), "holds one of"),
    "drive": (zipped({"C:x.py": b""}), "holds one of"),
    "device name": (zipped({"aux.py": b""}), "names the device"),
    "symlink": (zipped({"train.py": b"/etc/passwd"}, zips.link), "is a link"),
    "device": (zipped({"train.py": b""}, zips.device), "no regular file"),
    "case": (zipped({"a.py": b"", "A.py": b""}), "same name"),
    "file and folder": (zipped({"a": b"", "a/b.py": b""}), "is a file, and the folder"),
    "encrypted": (zips.encrypted(zipped(GOOD)), "is encrypted"),
    "bomb": (zipped({"x": bytes(30 * 2**20)}), "times as large"),
    "bomb that lies": (zips.lying(zipped({"x": bytes(30 * 2**20)}), 10), "damaged"),
    "nested bomb": (
        zipped({"in.zip": zipped({"x": bytes(2**20)}), "y": bytes(30 * 2**20)}),
        "times as large",
    ),
    "many files": (zipped({f"{n}": b"" for n in range(1001)}), "more than 1000"),
    "cut off": (zipped(GOOD)[:-30], "cut off"),
    "damaged": (zipped(GOOD).replace(b"PK\x01\x02", b"PK\x09\x09"), "damaged"),
    "empty": (zipped({}), "holds no file"),
    "not a zip": (b"\x7fELF", "neither a Python file nor a zip"),
    "a tar": (bytes(1024), "neither a Python file nor a zip"),
    "nothing": (b"", "neither a Python file nor a zip"),
    "only the mark": (b"PK\x03\x04", "cut off"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile(kind: str) -> None:
    packed, says = HOSTILE[kind]
    with pytest.raises(BundleError, match=says) as caught:
        read(packed)
    assert caught.value.field == "bundle"
    assert caught.value.remedy


def test_the_same_name_twice() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        packed.writestr("a.py", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            packed.writestr("a.py", b"2")
    with pytest.raises(BundleError, match="same name"):
        read(made.getvalue())


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_methods(method: int) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as packed:
        packed.writestr("a.py", b"1" * 100)
    with pytest.raises(BundleError, match="unusual method"):
        read(made.getvalue())


def test_a_directory_too_long_to_be_read_is_not_read() -> None:
    packed = zipped({f"{n:0900}"[-200:]: b"" for n in range(1000)} | {"x": b""})
    end = packed.rfind(b"PK\x05\x06")
    # It says one entry, and a directory of many.
    lies = packed[: end + 8] + b"\x01\x00\x01\x00" + (2**31).to_bytes(4, "little") + packed[end + 16 :]
    with pytest.raises(BundleError, match="directory that is too long"):
        read(lies)


def test_too_large_as_it_is() -> None:
    with pytest.raises(BundleError, match="more than 16777216"):
        read(bytes(archive.SENT_MAX + 1), "train.py")


@pytest.mark.parametrize("name", ["../train.py", "a/train.py", "/train.py", "con.py"])
def test_a_file_with_such_a_name(name: str) -> None:
    with pytest.raises(BundleError):
        read(b"", name)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(NAMES, st.binary(max_size=64), max_size=4), st.data())
def test_whatever_comes_is_files_in_their_folder_or_refused(
    files: dict[str, bytes], data: st.DataObject
) -> None:
    packed = bytearray(zipped(files))
    for at in data.draw(st.lists(st.integers(0, max(0, len(packed) - 1)), max_size=3)):
        packed[at] = data.draw(st.integers(0, 255))
    with suppress(BundleError):
        for name in read(bytes(packed)):
            assert not name.startswith("/")
            assert ".." not in name.split("/")
