"""Functions of tensors, traced once and compiled by torch's inductor.

The function is traced below vmap and autograd (``make_fx``), so whatever runs fused can be traced, the user's
module included, and the compiler sees one graph of the forward pass, the backward pass and the optimizer. A
trace holds for every step only if the step hangs on nothing in Python that changes; what does is found by
comparing Python's state before and after.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx

from workers.trainer.attributes import plain_attributes
from workers.trainer.errors import UserError

Function = Callable[..., Sequence[Tensor]]
"""Tensors to tensors; may move its arguments in place."""


class NotCompiled(Exception):  # noqa: N818 - not an error: the step runs uncompiled
    """The step can't be compiled here; the text says why."""


def compile_function(function: Function, examples: Sequence[Tensor], model: nn.Module) -> Function:
    """``function`` compiled for tensors of the shapes, strides and types of ``examples``.

    Args:
        function: Called on copies of the examples.
        model: What it calls; in Python, a call must leave no trace in it.

    Raises:
        NotCompiled: There is no C++ compiler, or the function hangs on something that a trace doesn't hold.
    """
    _check_compiler()
    before = _python_state(model)
    copies: list[Any] = [example.clone() for example in examples]
    try:
        graph = make_fx(function)(*copies)
    except (UserError, RuntimeError) as error:
        raise NotCompiled(f"it can't be traced: {_sentence(error)}") from error
    if _python_state(model) != before:
        raise NotCompiled(
            "the model changes attributes of its own, or draws from Python's or NumPy's generator"
        )
    try:
        with torch.no_grad():
            compiled: Function = torch._inductor.compile(graph, copies, options=_OPTIONS)
            compiled(*copies)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # whatever the compiler trips over, the step runs without it
        raise NotCompiled(f"torch could not compile it: {_sentence(error)}") from error
    return compiled


_OPTIONS: dict[str, Any] = {
    # The generator of the uncompiled step: operations that draw from it draw the same.
    "fallback_random": True,
    # In this process: a pool of compiling processes would outlive its use and count against the job's memory.
    "compile_threads": 1,
}


def _check_compiler() -> None:
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    # Beside the child's other caches: what one task compiled, another must not be made to run.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(Path.home() / ".cache" / "torchinductor"))
    try:
        get_cpp_compiler()
    except InvalidCxxCompiler:
        raise NotCompiled("this machine has no C++ compiler (install g++)") from None


def _python_state(model: nn.Module) -> Any:
    """What a trace would freeze: plain attributes of all modules, and the state of both generators."""
    drawn = np.random.get_state(legacy=False)
    return plain_attributes(model), random.getstate(), repr(drawn), str(drawn)


def _sentence(error: Exception) -> str:
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return first[:300]
