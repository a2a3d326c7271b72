"""Bytes to upload that tell how far they have been sent."""

from __future__ import annotations

import io
from collections.abc import Callable


class Counted(io.BytesIO):
    """``content`` as a file; ``progress`` is called with the bytes read so far and all there are."""

    def __init__(self, content: bytes, progress: Callable[[int, int], None] | None = None) -> None:
        super().__init__(content)
        self._size = len(content)
        self._progress = progress

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = super().read(size)
        if self._progress is not None:
            self._progress(self.tell(), self._size)
        return chunk
