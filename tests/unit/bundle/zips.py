"""Zips as nobody should send them."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Callable, Mapping


def zipped(files: Mapping[str, bytes], change: Callable[[zipfile.ZipInfo], None] | None = None) -> bytes:
    """A zip of files under any names; ``change`` is made to each entry before it is written."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if change is not None:
                change(info)
            archive.writestr(info, content)
    return made.getvalue()


def link(info: zipfile.ZipInfo) -> None:
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16


def device(info: zipfile.ZipInfo) -> None:
    info.create_system = 3
    info.external_attr = (stat.S_IFCHR | 0o666) << 16


def encrypted(packed: bytes) -> bytes:
    """The same zip, whose entries claim to be encrypted."""
    return _flagged(packed, 0x1)


def lying(packed: bytes, said: int) -> bytes:
    """The same zip, whose directory says that every file has ``said`` bytes."""
    return _directory(packed, lambda entry: entry[:24] + struct.pack("<L", said) + entry[28:])


def _flagged(packed: bytes, flag: int) -> bytes:
    return _directory(packed, lambda entry: entry[:8] + struct.pack("<H", flag) + entry[10:])


def _directory(packed: bytes, change: Callable[[bytes], bytes]) -> bytes:
    parts = packed.split(b"PK\x01\x02")
    return parts[0] + b"".join(change(b"PK\x01\x02" + part) for part in parts[1:])
