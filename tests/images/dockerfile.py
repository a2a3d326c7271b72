"""Reads a Dockerfile as far as ours goes: stages, and their instructions in order."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Step:
    """One instruction: ``RUN``, ``COPY`` and so on, with its text on one line."""

    word: str
    text: str

    @property
    def words(self) -> list[str]:
        """The arguments of the JSON form, or the text cut at spaces."""
        found: list[str] = json.loads(self.text) if self.text.startswith("[") else self.text.split()
        return found


def steps(target: str) -> list[Step]:
    """The steps that make a target, those of the stages it builds on first."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    stages: dict[str, list[Step]] = {}
    here: list[Step] = []
    for line in filter(None, map(str.strip, lines)):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            origin, _, name = rest.split()
            here = stages[name] = list(stages.get(origin, []))
        else:
            here.append(Step(word, rest.strip()))
    return stages[target]
