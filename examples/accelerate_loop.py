"""A loop of Accelerate's, with accumulated gradients; lrtune.adapters.AccelerateTrial makes it a trial."""

import torch
from accelerate import Accelerator
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import lrtune
from lrtune.adapters import AccelerateTrial

BATCH = 64
PARTS = 2


def accelerate_loop(width: int = 64) -> lrtune.Loop:
    """Read handwritten digits with Accelerate.

    Args:
        width: Units of the hidden layer.
    """
    digits = load_digits()
    pixels = torch.tensor(digits.data / 16.0, dtype=torch.float32)
    labels = torch.tensor(digits.target)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    steps = 1437 // BATCH
    train_set = TensorDataset(pixels[order[: steps * BATCH]], labels[order[: steps * BATCH]])
    valid, expected = pixels[order[1437:]], labels[order[1437:]]

    def train(trial: lrtune.LoopTrial) -> None:
        accelerator = Accelerator(gradient_accumulation_steps=PARTS)
        model = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))
        batches = DataLoader(train_set, BATCH // PARTS, shuffle=True)
        model, optimizer, batches = accelerator.prepare(
            model, trial.make_optimizer(model.parameters()), batches
        )
        run = AccelerateTrial(trial, accelerator, optimizer)
        for _ in range(trial.epochs):
            for inputs, targets in batches:
                with accelerator.accumulate(model):
                    loss = nn.functional.cross_entropy(model(inputs), targets)
                    accelerator.backward(loss)
                    optimizer.step()
                    optimizer.zero_grad()
                if run.stepped(loss):
                    return
            with torch.no_grad():
                score = nn.functional.cross_entropy(model(valid.to(accelerator.device)).cpu(), expected)
            if run.validated(loss=score):
                return

    return lrtune.Loop(train=train, steps_per_epoch=steps, batch_size=BATCH)
