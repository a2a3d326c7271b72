"""What a job does next: a pure function of its rows, applied in one transaction."""

from workers.planning.apply import apply, length
from workers.planning.step import next_step
from workers.planning.view import View, read

__all__ = ["View", "apply", "length", "next_step", "read"]
