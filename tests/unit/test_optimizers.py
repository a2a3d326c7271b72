"""The optimizer table against torch's own classes, and the check of a request against the table."""

import inspect

import pytest
import torch

from lrtune.optimizers import OPTIMIZERS, OptimizerError, check
from lrtune.wire import OptimizerSpec

ENGINE_ONLY = {"self", "params", "lr", "foreach", "fused", "capturable", "differentiable", "maximize"}


def spec(**fields: object) -> OptimizerSpec:
    return OptimizerSpec.model_validate(fields)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_table_agrees_with_torch(name: str) -> None:
    row = OPTIMIZERS[name]
    signature = inspect.signature(getattr(torch.optim, row.torch_class).__init__).parameters
    assert row.default_lr == signature["lr"].default
    assert {option: signature[option].default for option in row.options} == {
        option.name: option.default for option in row.options.values()
    }
    assert set(signature) - ENGINE_ONLY == set(row.options)


def test_every_torch_class_is_in_the_table() -> None:
    classes = {
        name
        for name, value in vars(torch.optim).items()
        if isinstance(value, type) and issubclass(value, torch.optim.Optimizer)
    }
    # SparseAdam takes sparse gradients only, which no engine lane makes.
    assert classes - {"Optimizer", "SparseAdam"} == {row.torch_class for row in OPTIMIZERS.values()}


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_checked_options_build_the_real_optimizer(name: str) -> None:
    row = OPTIMIZERS[name]
    weight = torch.nn.Parameter(torch.zeros(2, 2))
    optimizer = getattr(torch.optim, row.torch_class)([weight], lr=row.default_lr, **check(spec(name=name)))
    assert optimizer.param_groups[0]["lr"] == row.default_lr


def test_given_options_replace_defaults() -> None:
    options = check(spec(name="adamw", weight_decay=0.1, betas=[0.8, 0.99]))
    assert options["weight_decay"] == 0.1
    assert options["betas"] == (0.8, 0.99)
    assert options["eps"] == 1e-8


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "adamv"}, "name"),
        ({"name": "sparseadam"}, "name"),
        ({"name": "adamw", "momentum": 0.9}, "momentum"),
        ({"name": "adamw", "lr": 0.1}, "lr"),
        ({"name": "adamw", "fused": True}, "fused"),
        ({"name": "adamw", "weight_decay": -1}, "weight_decay"),
        ({"name": "adamw", "weight_decay": float("nan")}, "weight_decay"),
        ({"name": "adamw", "weight_decay": "0.1"}, "weight_decay"),
        ({"name": "adamw", "weight_decay": None}, "weight_decay"),
        ({"name": "adamw", "amsgrad": 1}, "amsgrad"),
        ({"name": "adamw", "betas": [0.9, 1.0]}, "betas"),
        ({"name": "adamw", "betas": [0.9]}, "betas"),
        ({"name": "adamw", "betas": 0.9}, "betas"),
        ({"name": "sgd", "momentum": True}, "momentum"),
        ({"name": "sgd", "nesterov": True}, "nesterov"),
        ({"name": "sgd", "nesterov": True, "momentum": 0.9, "dampening": 0.1}, "nesterov"),
        ({"name": "rprop", "etas": [1.1, 1.2]}, "etas"),
        ({"name": "rprop", "step_sizes": [2, 1]}, "step_sizes"),
        ({"name": "adafactor", "eps": [None, None]}, "eps"),
        ({"name": "muon", "ns_steps": 1.5}, "ns_steps"),
        ({"name": "muon", "adjust_lr_fn": "other"}, "adjust_lr_fn"),
    ],
)
def test_wrong_requests_name_the_field_and_a_remedy(fields: dict[str, object], field: str) -> None:
    with pytest.raises(OptimizerError) as caught:
        check(spec_any(fields))
    assert caught.value.field == field
    assert caught.value.remedy


def spec_any(fields: dict[str, object]) -> OptimizerSpec:
    """A spec that skips the wire's own checks (it refuses NaN already), to test ours."""
    known = OptimizerSpec(name=str(fields["name"]))
    extra = {name: value for name, value in fields.items() if name != "name"}
    object.__setattr__(known, "__pydantic_extra__", extra)
    return known


def test_a_typo_is_met_with_the_nearest_name() -> None:
    with pytest.raises(OptimizerError, match="did you mean 'adamw'"):
        check(spec(name="adamW2"))
