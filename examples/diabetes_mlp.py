"""A noisy regression: how diabetes progresses in a year, from ten measurements of a patient."""

import torch
from sklearn.datasets import load_diabetes
from torch import Tensor, nn

import lrtune


class MLP(nn.Module):
    """One hidden layer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(10, width), nn.Tanh(), nn.Linear(width, 1))

    def forward(self, measurements: Tensor) -> Tensor:
        return self.layers(measurements).squeeze(-1)


def mean_absolute_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean absolute error, in standard deviations of the target."""
    return (outputs - targets).abs().mean()


def diabetes_split() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """The 442 patients, inputs and target standardised: 332 for training and 110 for validation."""
    diabetes = load_diabetes(scaled=False)
    inputs = torch.tensor(diabetes.data, dtype=torch.float32)
    targets = torch.tensor(diabetes.target, dtype=torch.float32)
    order = torch.randperm(len(targets), generator=torch.Generator().manual_seed(0))
    train, valid = order[:332], order[332:]
    inputs = (inputs - inputs[train].mean(0)) / inputs[train].std(0)
    targets = (targets - targets[train].mean()) / targets[train].std()
    return (inputs[train], targets[train]), (inputs[valid], targets[valid])


def diabetes_mlp(width: int = 64, batch_size: int = 32) -> lrtune.Task:
    """Predict the progress of diabetes with a small multilayer perceptron.

    Args:
        width: Units of the hidden layer.
        batch_size: Patients a training step sees.
    """
    train, valid = diabetes_split()
    return lrtune.Task(
        model=lambda: MLP(width),
        train=train,
        valid=valid,
        loss=nn.functional.mse_loss,
        metrics={"mean_absolute_error": mean_absolute_error},
        batch_size=batch_size,
    )
