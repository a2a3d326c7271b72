"""The ``lrtune`` command."""

from lrtune.cli.app import lrtune, main

__all__ = ["lrtune", "main"]
