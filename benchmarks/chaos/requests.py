"""The jobs that run meanwhile: small, and with every phase."""

from __future__ import annotations

from lrtune.wire import JobRequest


def request(seed: int) -> JobRequest:
    """A job of some seconds: a real network and real data."""
    return JobRequest.model_validate(
        {
            "task": "digits-mlp",
            "params": {"width": 16},
            "epochs": 2,
            "range_test": {"min_lr": 1e-4, "max_lr": 10, "steps_per_decade": 10, "seeds": 2},
            # Without the other's answer to begin with: which of them ends first is chance.
            "search": {"trials": 8, "seed": seed, "transfer": False},
            "confirm": {"finalists": 2, "seeds": 2},
        }
    )


REQUESTS = [request(seed) for seed in (1, 2)]
