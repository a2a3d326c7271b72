"""Pages that are followed line by line: their files are saved, their commands and their Python run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.processes import Server

DOCS = Path(__file__).parents[2] / "docs"

ELSEWHERE = ("make ", "source ")
"""Commands that set up what the test has set up itself."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; Python is to be saved where the paragraph before says so (``file``)."""

    language: str
    code: str
    file: str | None


def blocks(text: str) -> list[Block]:
    """The blocks of shell and Python in a page, or in a part of one."""
    fenced = r"(?:Save this as `([^`]+)`:\n\n)?^```(sh|python)\n(.*?)^```"
    found = re.findall(fenced, text, re.MULTILINE | re.DOTALL)
    return [Block(language, code, file or None) for file, language, code in found]


def commands(text: str) -> list[str]:
    """Every ``lrtune`` command line in a page."""
    return sorted(set(re.findall(r"`?(lrtune (?!is )[a-z]+ [^`\n#]*)", text)))


def follow(page: Sequence[Block], server: Server, folder: Path) -> None:
    """Do what the page says, in ``folder``: whatever fails or prints nothing is an error of the page."""
    environ = os.environ | {
        "LRTUNE_URL": server.url,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    for block in page:
        if block.file is not None:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.code)
            continue
        if block.code.startswith("make "):
            continue
        text = block.code.replace("http://127.0.0.1:8765", server.url)
        if block.language == "sh":
            lines = [line for line in text.splitlines() if not line.startswith(ELSEWHERE)]
            command = ["bash", "-euo", "pipefail", "-c", "\n".join(lines)]
        else:
            command = [sys.executable, "-c", text]
        done = subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        assert done.stdout, text
