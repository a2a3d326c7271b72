"""Schedules: families as data, pure functions of (step, horizon, parameters), and code that equals them.

Nothing here imports torch or Keras; the emitted code does.
"""

from lrtune.schedules.check import check
from lrtune.schedules.course import Course, start
from lrtune.schedules.custom import (
    PREFIX,
    Custom,
    choice,
    custom_family,
    number,
    source,
    whole_number,
    with_custom,
)
from lrtune.schedules.errors import ScheduleError
from lrtune.schedules.export import (
    EXPORTS,
    Export,
    keras_code,
    lightning_code,
    plain_code,
    pytorch_code,
    transformers_code,
)
from lrtune.schedules.family import Family, Param
from lrtune.schedules.imported import with_imported
from lrtune.schedules.laid import concrete, simplicity
from lrtune.schedules.row import FamilyRow
from lrtune.schedules.sequence import lr_sequence
from lrtune.schedules.table import FAMILIES

__all__ = [
    "EXPORTS",
    "FAMILIES",
    "PREFIX",
    "Course",
    "Custom",
    "Export",
    "Family",
    "FamilyRow",
    "Param",
    "ScheduleError",
    "check",
    "choice",
    "concrete",
    "custom_family",
    "keras_code",
    "lightning_code",
    "lr_sequence",
    "number",
    "plain_code",
    "pytorch_code",
    "simplicity",
    "source",
    "start",
    "transformers_code",
    "whole_number",
    "with_custom",
    "with_imported",
]
