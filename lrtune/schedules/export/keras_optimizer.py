"""The Keras optimizer that equals one of torch.optim, as far as there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lrtune import optimizers
from lrtune.schedules.export.piece import call, comment
from lrtune.wire import OptimizerSpec

Mapped = tuple[str, dict[str, Any], list[str]]
"""Keras class, its arguments, and what has no equal."""


def keras_optimizer(spec: OptimizerSpec) -> str:
    """Source of ``optimizer = …`` with comments on what differs, or a comment that Keras has none.

    Raises:
        OptimizerError: The optimizer or an option of it is wrong.
    """
    options = optimizers.check(spec)
    mapping = _MAPPINGS.get(spec.name)
    if mapping is None:
        torch_class = optimizers.OPTIMIZERS[spec.name].torch_class
        return comment(
            f"Keras has no {torch_class}, with which this learning rate was measured. Give learning_rate to\n"
            "your own implementation as `optimizer`; another optimizer needs another learning rate."
        )
    name, arguments, notes = mapping(options)
    source = call(f"keras.optimizers.{name}", "learning_rate=learning_rate", **arguments)
    return "".join(comment(note) for note in notes) + f"optimizer = {source}\n"


def _coupled(decay: float) -> list[str]:
    """PyTorch's weight decay of the gradient: Keras's own shrinks the weights themselves instead."""
    if not decay:
        return []
    return [
        f"PyTorch adds weight_decay={decay!r} times the weights to their gradient; Keras has that only as a\n"
        f"regularizer: give each layer kernel_regularizer=keras.regularizers.L2({decay / 2!r}), and\n"
        "bias_regularizer likewise."
    ]


_LAG = (
    "Keras multiplies the learning rate into the momentum, PyTorch the momentum by the learning rate: while\n"
    "the learning rate changes, Keras follows a few steps later."
)


def _sgd(o: Mapping[str, Any]) -> Mapped:
    notes = []
    arguments: dict[str, Any] = {"momentum": o["momentum"], "nesterov": o["nesterov"]}
    if o["momentum"]:
        notes += [_LAG, *_coupled(o["weight_decay"])]
    elif o["weight_decay"]:
        arguments["weight_decay"] = o["weight_decay"]  # the same without momentum
    if o["dampening"]:
        notes.append(f"Keras has no dampening; PyTorch's was {o['dampening']!r}.")
    return "SGD", arguments, notes


def _betas(o: Mapping[str, Any]) -> dict[str, Any]:
    return {"beta_1": o["betas"][0], "beta_2": o["betas"][1], "epsilon": o["eps"]}


def _adam(o: Mapping[str, Any]) -> Mapped:
    if o["decoupled_weight_decay"]:
        return _adamw(o)
    return "Adam", {**_betas(o), "amsgrad": o["amsgrad"]}, _coupled(o["weight_decay"])


def _adamw(o: Mapping[str, Any]) -> Mapped:
    return "AdamW", {"weight_decay": o["weight_decay"], **_betas(o), "amsgrad": o["amsgrad"]}, []


def _adamax(o: Mapping[str, Any]) -> Mapped:
    return "Adamax", _betas(o), _coupled(o["weight_decay"])


def _nadam(o: Mapping[str, Any]) -> Mapped:
    arguments, notes = _betas(o), []
    if o["momentum_decay"] != 1.0:
        notes.append(
            f"Keras's Nadam has a fixed momentum decay of 1; PyTorch's was {o['momentum_decay']!r}, so the\n"
            "first steps differ."
        )
    if o["decoupled_weight_decay"] and o["weight_decay"]:
        arguments["weight_decay"] = o["weight_decay"]
    else:
        notes += _coupled(o["weight_decay"])
    return "Nadam", arguments, notes


def _rmsprop(o: Mapping[str, Any]) -> Mapped:
    arguments = {
        "rho": o["alpha"],
        "momentum": o["momentum"],
        "epsilon": o["eps"] ** 2,
        "centered": o["centered"],
    }
    lag = [_LAG] if o["momentum"] else []
    return "RMSprop", arguments, [_root(o["eps"]), *lag, *_coupled(o["weight_decay"])]


def _root(eps: float) -> str:
    return f"Keras adds epsilon under the root, PyTorch eps={eps!r} outside it: hence its square."


def _adagrad(o: Mapping[str, Any]) -> Mapped:
    notes = [_root(o["eps"]), *_coupled(o["weight_decay"])]
    if o["lr_decay"]:
        notes.append(f"Keras's Adagrad has no lr_decay of its own; PyTorch's was {o['lr_decay']!r}.")
    return (
        "Adagrad",
        {"initial_accumulator_value": o["initial_accumulator_value"], "epsilon": o["eps"] ** 2},
        notes,
    )


def _adadelta(o: Mapping[str, Any]) -> Mapped:
    return "Adadelta", {"rho": o["rho"], "epsilon": o["eps"]}, _coupled(o["weight_decay"])


def _adafactor(o: Mapping[str, Any]) -> Mapped:
    arguments: dict[str, Any] = {
        "beta_2_decay": o["beta2_decay"],
        "epsilon_2": o["eps"][1],
        "clip_threshold": o["d"],
        "relative_step": False,
    }
    if o["weight_decay"]:
        arguments["weight_decay"] = o["weight_decay"]
    note = (
        "Keras adds epsilon_1 to each squared gradient where PyTorch bounds the estimate from below by the\n"
        "square of its first eps: they differ where gradients vanish."
    )
    return "Adafactor", arguments, [note]


def _muon(o: Mapping[str, Any]) -> Mapped:
    a, b, c = o["ns_coefficients"]
    matched = o["adjust_lr_fn"] == "match_rms_adamw"
    arguments = {
        "weight_decay": o["weight_decay"],
        "momentum": o["momentum"],
        "nesterov": o["nesterov"],
        "ns_steps": o["ns_steps"],
        "muon_a": a,
        "muon_b": b,
        "muon_c": c,
        "rms_rate": 0.2 if matched else None,
        "exclude_embeddings": False,
    }
    notes = ["Keras trains parameters that are no matrices with Adam; PyTorch's Muon takes matrices only."]
    if not matched:
        notes.append(
            "PyTorch multiplies a matrix's learning rate by the root of max(1, outputs / inputs); Keras\n"
            "does not: layers with more outputs than inputs learn more slowly here."
        )
    return "Muon", arguments, notes


_MAPPINGS: Mapping[str, Callable[[Mapping[str, Any]], Mapped]] = {
    "sgd": _sgd,
    "adam": _adam,
    "adamw": _adamw,
    "adamax": _adamax,
    "nadam": _nadam,
    "rmsprop": _rmsprop,
    "adagrad": _adagrad,
    "adadelta": _adadelta,
    "adafactor": _adafactor,
    "muon": _muon,
}
"""What Keras has; it lacks radam, asgd, rprop and lbfgs."""
