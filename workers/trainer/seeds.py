"""Seeds made of seeds, so that every stream of randomness is a pure function of what it is for."""

from __future__ import annotations

import hashlib


def derive(seed: int, *words: int | str) -> int:
    """A 63-bit seed for the stream that ``words`` name, e.g. ``derive(seed, "order", epoch)``."""
    text = "\x1f".join(str(part) for part in (seed, *words))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1
