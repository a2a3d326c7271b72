"""Training loops that users own: what they are, and the trial as they see it."""

from lrtune.loops.loop import Loop
from lrtune.loops.trial import LoopError, LoopTrial

__all__ = ["Loop", "LoopError", "LoopTrial"]
