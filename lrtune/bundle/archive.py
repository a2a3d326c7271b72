"""Bundles as bytes: a Python file or a zip, read within bounds and never written to a disk while
unchecked."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import IO

from lrtune.bundle import names
from lrtune.bundle.errors import BundleError

SENT_MAX = 16 * 1024 * 1024
"""Bytes of a bundle as it is sent."""

EXPANDED_MAX = 64 * 1024 * 1024
"""Bytes of all its files."""

FILES_MAX = 1000
RATIO_MAX = 100
"""A bundle of more than ``RATIO_FROM`` bytes may be so many times as large as it was sent."""

RATIO_FROM = 1024 * 1024

_DIRECTORY_MAX = FILES_MAX * 1024
_END = struct.Struct("<4s4H2LH")
_COMMENT_MAX = 65_535
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_PACK = "Pack it with Python's zipfile, `zip -r` or `lrtune push`."


def read(file: IO[bytes], filename: str) -> dict[str, bytes]:
    """The files of a bundle by path, sorted.

    Args:
        file: Seekable; a zip, or one Python file.
        filename: As the client names it; a Python file keeps this name.

    Raises:
        BundleError: It is neither, or breaks a rule of ``names`` or a bound of this module.
    """
    size = file.seek(0, io.SEEK_END)
    if size > SENT_MAX:
        raise _too_large(f"It has {size} bytes, more than {SENT_MAX}.")
    file.seek(0)
    if filename.endswith(".py"):
        return {_alone(filename): file.read(SENT_MAX)}
    if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
        raise BundleError(
            "bundle", "It is neither a Python file nor a zip.", "Send a file that ends with .py, or a zip."
        )
    _check_directory(file, size)
    try:
        with zipfile.ZipFile(file) as archive:
            return _files(archive, size)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError) as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError("bundle", f"The zip is damaged: {error}.", _PACK) from None


def pack(files: Mapping[str, bytes]) -> bytes:
    """A zip of ``files``; the same files give the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            info = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, files[path])
    return packed.getvalue()


def _alone(filename: str) -> str:
    name = names.path(filename)
    if "/" in name:
        raise BundleError(
            "bundle", f"The file name {name!a} has a folder.", "Send the file's name alone, e.g. train.py."
        )
    return name


def _check_directory(file: IO[bytes], size: int) -> None:
    """Bound the zip's directory before ``zipfile`` reads the whole of it into memory."""
    tail_size = min(size, _END.size + _COMMENT_MAX)
    file.seek(size - tail_size)
    tail = file.read(tail_size)
    at = len(tail) - _END.size
    if at < 0 or tail[at : at + 4] != b"PK\x05\x06":
        at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise BundleError("bundle", "The zip is cut off: it has no end record.", _PACK)
    _, _, _, _, files, directory, _, _ = _END.unpack_from(tail, at)
    if b"PK\x06\x07" in tail[max(0, at - 20) : at] or files == 0xFFFF or directory == 0xFFFFFFFF:
        raise BundleError("bundle", "It is a zip64 archive, which no bundle needs.", _PACK)
    if files > FILES_MAX or directory > _DIRECTORY_MAX:
        raise _too_large(f"It has {files} entries, more than {FILES_MAX}, or a directory that is too long.")


def _files(archive: zipfile.ZipFile, sent: int) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > FILES_MAX:
        raise _too_large(f"It has {len(entries)} entries, more than {FILES_MAX}.")
    wanted: list[tuple[str, zipfile.ZipInfo]] = []
    for entry in entries:
        _check_entry(entry)
        name = names.path(entry.orig_filename.removesuffix("/"))
        if not entry.is_dir() and not names.litter(name):
            wanted.append((name, entry))
    names.distinct(name for name, _ in wanted)
    if not wanted:
        raise BundleError("bundle", "The zip holds no file.", "Put the task's Python file into it.")
    found: dict[str, bytes] = {}
    left = min(EXPANDED_MAX, max(sent * RATIO_MAX, RATIO_FROM))
    for name, entry in sorted(wanted, key=lambda each: each[0]):
        # What the directory says of sizes may be a lie: count what really comes out.
        with archive.open(entry) as content:
            found[name] = content.read(left + 1)
        left -= len(found[name])
        if left < 0:
            raise _too_large(
                f"Its files have more than {EXPANDED_MAX} bytes, or are more than {RATIO_MAX} times as large "
                "as the zip."
            )
    return found


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = ascii(entry.orig_filename[:80])
    mode = entry.external_attr >> 16
    if entry.flag_bits & _ENCRYPTED:
        raise BundleError("bundle", f"{name} is encrypted.", "Pack the bundle without a password.")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BundleError(
            "bundle", f"{name} is a link or no regular file.", "Put the file itself into the bundle."
        )
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BundleError("bundle", f"{name} is packed by an unusual method.", _PACK)


def _too_large(detail: str) -> BundleError:
    return BundleError(
        "bundle",
        detail,
        "Keep data out of the bundle: name it by URL and digest, or by a path that workers have "
        "(docs/tasks.md).",
    )
