"""A task's files on disk, where its trainer child imports them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def unpack(files: Mapping[str, bytes], folder: Path) -> None:
    """Write ``files`` under ``folder``, which is made.

    Registration already refused such names; this is the last look before a disk is written.

    Raises:
        ValueError: A name leaves the folder.
    """
    folder.mkdir(parents=True)
    root = folder.resolve()
    for name, content in files.items():
        path = (root / name).resolve()
        if not path.is_relative_to(root) or path == root:
            raise ValueError(f"the file name {name!r} leaves the task's folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
