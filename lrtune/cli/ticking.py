"""Events with the passing of time between them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


class _End:
    """The last thing a source gives: why it ended."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ticking(source: Iterable[T], every_s: float) -> Iterator[T | None]:
    """What ``source`` gives, and None whenever it gives nothing for ``every_s`` seconds.

    The source is read by a thread of its own, which does not keep the program alive. What it raises is raised
    here.
    """
    items: queue.SimpleQueue[T | _End] = queue.SimpleQueue()

    def read() -> None:
        try:
            for item in source:
                items.put(item)
        except BaseException as error:
            items.put(_End(error))
        else:
            items.put(_End(None))

    threading.Thread(target=read, name="events", daemon=True).start()
    while True:
        try:
            item = items.get(timeout=every_s)
        except queue.Empty:
            yield None
            continue
        if isinstance(item, _End):
            if item.error is not None:
                raise item.error
            return
        yield item
