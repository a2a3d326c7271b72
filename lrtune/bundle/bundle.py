"""A bundle that has been checked: everything a task version is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrtune.bundle import declarations, entry, names, requirements, source
from lrtune.wire import DataSource


@dataclass(frozen=True)
class Bundle:
    """A task as it was pushed, checked without running any of it.

    Attributes:
        files: Contents by relative path.
        params_schema: JSON schema of the entry's parameters.
        requirements: In their normal form.
        data: What the entry's file declares.
    """

    name: str
    entry: str
    files: Mapping[str, bytes]
    description: str
    params_schema: dict[str, Any]
    requirements: str
    data: dict[str, DataSource]


def check(
    files: Mapping[str, bytes],
    *,
    name: str,
    entry_point: str,
    requirements_text: str = "",
    policy: requirements.Policy = "wheels",
) -> Bundle:
    """A bundle of files that ``archive`` or ``collect`` gave.

    Args:
        files: Contents by relative path.
        name: Of the task.
        entry_point: ``module:function``.
        requirements_text: As of a requirements file.
        policy: Which requirements are accepted.

    Raises:
        BundleError: It cannot become a task.
    """
    task_name = names.task(name)
    found = entry.read(files, entry_point)
    source.reached(files, entry_point.partition(":")[0])
    return Bundle(
        name=task_name,
        entry=entry_point,
        files=files,
        description=found.description,
        params_schema=found.params_schema,
        requirements=requirements.read(requirements_text, policy),
        data=declarations.read(found.file, files[found.file]),
    )
