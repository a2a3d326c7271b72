"""Data that a task needs: declared, fetched once, found by name."""

from lrtune.data.declared import Data
from lrtune.data.places import data_path

__all__ = ["Data", "data_path"]
