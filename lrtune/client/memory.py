"""The client's part for what the team has measured: best answers, comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lrtune import keyvalue
from lrtune.client.calls import Calls, of_job, plain
from lrtune.wire import BestAnswer, Comparison, OptimizerSpec


class Memory(Calls):
    """Best answers, and jobs side by side."""

    def best(
        self,
        task: str,
        optimizer: str | OptimizerSpec | Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        batch_size: int | None = None,
        epochs: int | None = None,
        precision: str | None = None,
    ) -> Iterator[BestAnswer]:
        """Answers of all succeeded jobs for a task, the nearest to what is asked first; see
        ``lrtune.nearness``. What is not given is not compared.

        Args:
            task: ``name`` (its newest version is asked for), ``name@3``, or ``name@`` and a digest's start.
            optimizer: Answers for it alone; its options, if there are any, are compared.
            params: Parameters of the task.
            batch_size: Examples a step.
            epochs: Length of a training.
            precision: ``float32``, …
        """
        name, options = _optimizer(optimizer)
        return self._items(
            BestAnswer,
            "/v1/best",
            task=task,
            optimizer=name,
            option=_pairs(options),
            param=_pairs(params or {}),
            batch_size=batch_size,
            epochs=epochs,
            precision=precision,
        )

    def compare(self, *job_ids: str) -> Comparison:
        """Two or more jobs side by side: what they differ in, and which did best."""
        for job_id in job_ids:
            of_job(job_id)
        return self._get(Comparison, "/v1/compare", jobs=",".join(job_ids))


def _optimizer(said: str | OptimizerSpec | Mapping[str, Any] | None) -> tuple[str | None, Mapping[str, Any]]:
    """An optimizer's name and options, however it was said."""
    if said is None or isinstance(said, str):
        return said, {}
    spec = said if isinstance(said, OptimizerSpec) else OptimizerSpec.model_validate(said)
    return spec.name, spec.options


def _pairs(values: Mapping[str, Any]) -> list[str]:
    """``name=value`` of each, for a query."""
    return [keyvalue.write(name, value) for name, value in plain(values).items()]
