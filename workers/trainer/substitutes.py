"""Operations exchanged while lanes run: what vmap can't take, or takes slowly, and dropout by lane.

torch's functions are looked up by name in ``torch.nn.functional`` and ``torch._VF`` when a module runs, so
exchanging those names reaches every module of torch; names that the user's own files imported directly are
exchanged there. Outside the context torch is as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch
from torch.nn import functional

from workers.trainer import attention, dropout, recurrent


class Substitutes:
    """The exchanges for fused lanes, or (``fused=False``) for plain ones: dropout alone.

    Args:
        modules: The user's modules.
    """

    def __init__(self, modules: Sequence[ModuleType] = (), *, fused: bool) -> None:
        table: dict[str, object] = dict(dropout.SUBSTITUTES)
        self._places: list[tuple[Any, str, object]] = []
        if fused:
            table |= attention.SUBSTITUTES
            self._places += [(torch._VF, name, ours) for name, ours in recurrent.SUBSTITUTES.items()]
        self._places += [(functional, name, ours) for name, ours in table.items()]
        torchs = {id(getattr(functional, name)): ours for name, ours in table.items()}
        for module in modules:
            for name, value in list(vars(module).items()):
                if id(value) in torchs:
                    self._places.append((module, name, torchs[id(value)]))
        self._originals = [getattr(place, name) for place, name, _ in self._places]

    @contextmanager
    def active(self) -> Iterator[None]:
        """Exchange in this context."""
        # The fast path of attention modules in evaluation is one opaque kernel that vmap can't take.
        fast_path = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)
        for place, name, ours in self._places:
            setattr(place, name, ours)
        try:
            yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast_path)
            for (place, name, _), original in zip(self._places, self._originals, strict=True):
                setattr(place, name, original)
