"""Code to paste: optimizer and schedule of a setting, whose LR sequence equals ours step by step."""

from lrtune.schedules.export.keras import keras_code
from lrtune.schedules.export.plain import plain_code
from lrtune.schedules.export.pytorch import pytorch_code

__all__ = ["keras_code", "plain_code", "pytorch_code"]
