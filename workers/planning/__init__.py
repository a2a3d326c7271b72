"""What a job does next: a pure function of its rows, applied in one transaction."""

from workers.planning.apply import apply
from workers.planning.step import next_step
from workers.planning.view import View, read

__all__ = ["View", "apply", "next_step", "read"]
