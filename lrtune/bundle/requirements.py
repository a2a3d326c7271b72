"""Requirements of a task: names and versions of packages, one a line, and nothing that steers pip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, get_args
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from lrtune.bundle.errors import BundleError

Policy = Literal["wheels", "any", "off"]
POLICIES: tuple[Policy, ...] = get_args(Policy)
"""``wheels``: names and versions, of which pip takes wheels alone, so that nothing of a package runs while it
is installed. ``any``: also URLs, and packages that must be built. ``off``: no requirements at all."""

LINES_MAX = 200
TEXT_MAX = 64 * 1024
_SCHEMES = frozenset({"https", "http", "git+https"})
_COMMENT = re.compile(r"(^|\s)#.*$")


def read(text: str, policy: Policy = "wheels") -> str:
    """Requirements in their normal form: without comments, one a line, sorted; empty if there are none.

    Raises:
        BundleError: A line is no requirement (PEP 508), or one that ``policy`` refuses; with the line.
    """
    if len(text) > TEXT_MAX:
        raise _refused(
            None, f"They have more than {TEXT_MAX} characters.", "Name what the task imports, no more."
        )
    found: dict[str, str] = {}
    for number, line in _lines(text):
        requirement = _requirement(number, line)
        _check_url(number, requirement, policy)
        name = canonicalize_name(requirement.name)
        spelled = str(requirement)
        if found.setdefault(f"{name} {requirement.marker or ''}", spelled) != spelled:
            raise _refused(number, f"{name} is there twice.", "Join the two lines.")
    if len(found) > LINES_MAX:
        raise _refused(None, f"There are more than {LINES_MAX}.", "Name what the task imports, no more.")
    if found and policy == "off":
        raise _refused(None, "This server takes no requirements.", "Use what its workers have installed.")
    return "\n".join(sorted(found.values()))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(text.splitlines(), 1):
        line = _COMMENT.sub("", raw).strip()
        if line:
            yield number, line


def _requirement(number: int, line: str) -> Requirement:
    shown = ascii(line[:80])
    if line.startswith("-"):
        raise _refused(
            number,
            f"{shown} is an option of pip.",
            "Leave it out: indexes and options are set by whoever runs the workers (docs/worker.md).",
        )
    if line.endswith("\\") or " --" in line:
        raise _refused(
            number, f"{shown} goes on with options or on the next line.", "Put it on one line, without."
        )
    try:
        return Requirement(line)
    except InvalidRequirement:
        raise _refused(
            number, f"{shown} is no name with a version.", "Write it like scikit-learn>=1.5 (PEP 508)."
        ) from None


def _check_url(number: int, requirement: Requirement, policy: Policy) -> None:
    if requirement.url is None:
        return
    if policy != "any":
        raise _refused(
            number,
            f"{requirement.name} comes from a URL.",
            "Name a version of it, or ask whoever runs the server to set LRTUNE_REQUIREMENTS=any.",
        )
    if urlsplit(requirement.url).scheme not in _SCHEMES:
        raise _refused(
            number,
            f"The URL of {requirement.name} is of another kind than {', '.join(sorted(_SCHEMES))}.",
            "Use https.",
        )


def _refused(number: int | None, detail: str, remedy: str) -> BundleError:
    where = f"Line {number} of the requirements: " if number else ""
    return BundleError("requirements", f"{where}{detail}", remedy, line=number)
