"""Operations that vmap can't take, or takes slowly, exchanged while lanes are fused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def substitutes() -> Iterator[None]:
    """Exchange the operations of torch for ours in this context."""
    yield
