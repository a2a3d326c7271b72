"""The folders of one child on disk: the task's files to read, a home and temporary files to write."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path


class Folder:
    """A new folder; ``close`` removes it.

    Args:
        uid: The account that the child runs under, None for the worker's own.

    Attributes:
        task: For the task's files, read-only to the child; not yet there.
        home: Its home and working folder.
        temporary: For its temporary files.
    """

    def __init__(self, uid: int | None) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="lrtune-"))
        self.task = self._root / "task"
        self.home = self._root / "home"
        self.temporary = self._root / "tmp"
        if uid is not None:
            self._root.chmod(0o711)  # to be passed through, by one who knows the names
        for folder in (self.home, self.temporary):
            folder.mkdir(0o700)
            if uid is not None:
                os.chown(folder, uid, uid)

    def show_task(self) -> None:
        """Let the child read the task's files, whatever the worker's umask is."""
        for folder, _, names in os.walk(self.task):
            Path(folder).chmod(0o755)
            for name in names:
                (Path(folder) / name).chmod(0o644)

    def close(self) -> None:
        """Remove it with all it holds, folders that the task locked included."""
        for folder, names, _ in os.walk(self._root):
            for name in names:
                with contextlib.suppress(OSError):
                    (Path(folder) / name).chmod(0o700, follow_symlinks=False)
        shutil.rmtree(self._root, ignore_errors=True)
