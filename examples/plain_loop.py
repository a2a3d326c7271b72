"""A training loop of your own: `trial` gives the learning rates, takes the losses, says when to stop."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import lrtune

BATCH = 64


def plain_loop(width: int = 64) -> lrtune.Loop:
    """Read handwritten digits, in a loop of one's own.

    Args:
        width: Units of the hidden layer.
    """
    digits = load_digits()
    pixels = torch.tensor(digits.data / 16.0, dtype=torch.float32)
    labels = torch.tensor(digits.target)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    train_set = TensorDataset(pixels[order[:1437]], labels[order[:1437]])
    valid, expected = pixels[order[1437:]], labels[order[1437:]]

    def train(trial: lrtune.LoopTrial) -> None:
        batches = DataLoader(train_set, BATCH, shuffle=True, drop_last=True)
        model = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))
        optimizer = trial.make_optimizer(model.parameters())
        scheduler = trial.scheduler(optimizer)
        step = 0
        for _ in range(trial.epochs):
            for inputs, targets in batches:
                loss = nn.functional.cross_entropy(model(inputs), targets)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                scheduler.step()
                if trial.report(step, train_loss=loss).stop:
                    return
                step += 1
            with torch.no_grad():
                outputs = model(valid)
            score = nn.functional.cross_entropy(outputs, expected)
            right = (outputs.argmax(1) == expected).float().mean()
            if trial.report(step - 1, loss=score, accuracy=right).stop:
                return

    return lrtune.Loop(
        train=train,
        steps_per_epoch=len(train_set) // BATCH,
        batch_size=BATCH,
        metrics=("accuracy",),
    )
