"""The folders of one child on disk: the task's files to read, a home and temporary files to write."""

from __future__ import annotations

import contextlib
import itertools
import os
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
        saved: For checkpoints that it writes.
        resumed: For a checkpoint to go on from, read-only to the child.
    """

    def __init__(self, uid: int | None) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="lrtune-"))
        self.task = self._root / "task"
        self.home = self._root / "home"
        self.temporary = self._root / "tmp"
        self.saved = self._root / "saved"
        self.resumed = self._root / "resumed"
        if uid is not None:
            self._root.chmod(0o711)  # to be passed through, by one who knows the names
        self.resumed.mkdir()
        self.resumed.chmod(0o755)  # whatever the worker's umask is
        for folder in (self.home, self.temporary, self.saved):
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
        """Remove it with all it holds: locked folders, and nested ones however deep.

        Folders inside folders are moved up first: deep ones have too long a path to be named, and
        ``shutil.rmtree`` runs out of stack where they nest a thousand deep.
        """
        moved = itertools.count()
        with contextlib.suppress(OSError):
            while found := list(self._root.iterdir()):
                for path in found:
                    if _folder(path):
                        for inner in list(path.iterdir()):
                            if _folder(inner):
                                inner.rename(self._root / str(next(moved)))
                            else:
                                inner.unlink()
                        path.rmdir()
                    else:
                        path.unlink()
            self._root.rmdir()


def _folder(path: Path) -> bool:
    """Whether it is a folder, which is unlocked then."""
    if path.is_symlink() or not path.is_dir():
        return False
    path.chmod(0o700)
    return True
