"""What a job does next: a pure function of its rows, applied in one transaction."""

from workers.planning.apply import TRAININGS, apply, lane_epochs
from workers.planning.step import next_step
from workers.planning.view import View, read

__all__ = ["TRAININGS", "View", "apply", "lane_epochs", "next_step", "read"]
