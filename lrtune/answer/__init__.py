"""The answer: baselines and finalists to confirm, and what the confirmation says."""

from lrtune.answer.baselines import BASELINES, baseline, baselines
from lrtune.answer.conclusion import conclude
from lrtune.answer.contenders import NoAnswer
from lrtune.answer.finalists import finalists

__all__ = ["BASELINES", "NoAnswer", "baseline", "baselines", "conclude", "finalists"]
