"""A training that stays outside: handwritten digits in NumPy alone, tuned by a server that never sees it.

Start a server (`lrtune serve`), then: python examples/outside_numpy.py
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

import lrtune

Array = NDArray[np.float64]

BATCH = 64
MOMENTUM = 0.9


class Net:
    """One hidden layer, softmax, SGD with momentum."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.weights = [rng.normal(0, 0.15, (64, 32)), rng.normal(0, 0.2, (32, 10))]
        self.speed = [np.zeros_like(w) for w in self.weights]

    def forward(self, pixels: Array) -> tuple[Array, Array]:
        hidden = np.maximum(pixels @ self.weights[0], 0)
        logits = hidden @ self.weights[1]
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return hidden, odds / odds.sum(axis=1, keepdims=True)

    def step(self, pixels: Array, labels: NDArray[np.int64], lr: float) -> float:
        """One step; returns the loss before it."""
        hidden, odds = self.forward(pixels)
        loss = cross_entropy(odds, labels)
        error = (odds - np.eye(10)[labels]) / len(labels)
        grads = [pixels.T @ (error @ self.weights[1].T * (hidden > 0)), hidden.T @ error]
        for weight, speed, grad in zip(self.weights, self.speed, grads, strict=True):
            speed *= MOMENTUM
            speed += grad
            weight -= lr * speed
        return loss


def cross_entropy(odds: Array, labels: NDArray[np.int64]) -> float:
    return float(-np.log(odds[np.arange(len(labels)), labels] + 1e-12).mean())


def main(
    client: lrtune.Client | None = None, *, epochs: int = 10, trials: int = 20, seeds: int = 3
) -> lrtune.Answer:
    """Submit the job, train its trials here, and return the answer."""
    digits = load_digits()
    pixels, labels = digits.data / 16.0, digits.target
    order = np.random.default_rng(0).permutation(len(labels))
    train, valid = order[:1437], order[1437:]
    steps = len(train) // BATCH

    client = client or lrtune.Client()
    job = client.submit(
        "digits-numpy",
        mode="external",
        external={"steps_per_epoch": steps, "default_lr": 0.01},
        optimizer={"name": "sgd", "momentum": MOMENTUM},
        batch_size=BATCH,
        epochs=epochs,
        range_test={"min_lr": 1e-5, "seeds": seeds},
        search={"trials": trials},
        confirm={"seeds": seeds},
    )
    for trial in client.external(job.id):
        rng = np.random.default_rng(trial.seed)
        net = Net(rng)
        with np.errstate(all="ignore"):  # too large an LR is a result
            for step in range(trial.total_steps):
                if step % steps == 0:
                    order = rng.permutation(train)
                batch = order[step % steps * BATCH :][:BATCH]
                told = {"train_loss": net.step(pixels[batch], labels[batch], trial.lr(step))}
                if (step + 1) % steps == 0 and not trial.sweep:
                    told["loss"] = cross_entropy(net.forward(pixels[valid])[1], labels[valid])
                if trial.report(step, **told).stop:
                    break
    return client.result(job.id).answer


if __name__ == "__main__":
    print(main().verdict)
