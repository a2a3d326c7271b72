"""Frameworks with loops of their own, as trials of lrtune: one thin adapter each.

Each is loaded, with its framework, when it is first used. A plain torch loop needs none: ``trial.scheduler``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lrtune.adapters.of_accelerate import AccelerateTrial
    from lrtune.adapters.of_keras import KerasCallback, keras_model
    from lrtune.adapters.of_lightning import LightningCallback
    from lrtune.adapters.of_transformers import TransformersCallback

__all__ = ["AccelerateTrial", "KerasCallback", "LightningCallback", "TransformersCallback", "keras_model"]

_FRAMEWORKS = {
    "AccelerateTrial": "accelerate",
    "KerasCallback": "keras",
    "LightningCallback": "lightning",
    "TransformersCallback": "transformers",
    "keras_model": "keras",
}


def __getattr__(name: str) -> Any:
    framework = _FRAMEWORKS.get(name)
    if framework is None:
        raise AttributeError(f"module 'lrtune.adapters' has no attribute {name!r}")
    try:
        found = getattr(import_module(f"lrtune.adapters.of_{framework}"), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("lrtune"):
            raise
        raise ModuleNotFoundError(
            f"lrtune.adapters.{name} needs {error.name}, which is not installed: "
            f"pip install 'lrtune[{framework}]'",
            name=error.name,
        ) from None
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
