"""LRs of a real Transformers training."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import torch
import transformers

transformers.logging.set_verbosity_error()


class Model(torch.nn.Module):
    """A model whose evaluation loss is what it is told."""

    def __init__(self, losses: Sequence[float]) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.left: Iterator[float] = iter(losses)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        outputs: torch.Tensor = self.layer(x)
        loss = outputs.mean() if self.training else torch.tensor(next(self.left))
        return {"loss": loss, "logits": outputs}


def run(code: str, *, epochs: int, steps_per_epoch: int, losses: Sequence[float]) -> list[float]:
    """The LR at each optimizer step; ``losses`` are the validation losses.

    The Trainer is made by the code's own comment, and told to be quiet.
    """
    lrs: list[float] = []

    class Record(transformers.TrainerCallback):  # type: ignore[misc]
        def on_step_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
            lrs.append(float(given["optimizer"].param_groups[0]["lr"]))

    example = {"x": torch.ones(1), "labels": torch.ones(1)}
    with tempfile.TemporaryDirectory() as folder:
        space: dict[str, Any] = {
            "model": Model(losses),
            "transformers": transformers,
            "train": [example] * steps_per_epoch,
            "valid": [example],
        }
        exec(code, space)
        _, _, comment = code.partition("# arguments = ")
        usage = "".join(line.removeprefix("# ") + "\n" for line in f"# arguments = {comment}".splitlines())
        quiet = (
            f"output_dir={folder!r}, save_strategy='no', report_to='none', disable_tqdm=True, use_cpu=True, "
            "logging_strategy='no'"
        )
        exec(usage.replace('output_dir="output"', quiet).replace("=...", "=1"), space)
        trainer = space["trainer"]
        trainer.add_callback(Record())
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
    return lrs
