"""Virtual environments for tasks with requirements, layered over the worker's own packages.

What lrtune and torch need stays as the worker has it: pip is bound to those versions, and finds them
installed. Everything else a task may bring in another version; its environment comes first on the import
path.
"""

from __future__ import annotations

import hashlib
import os
import select
import signal
import site
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lrtune.bundle.requirements import Policy
from lrtune.data.shelf import Held, Shelf
from workers.background import Errand, Stopped

BUILD_MAX_S = 1800.0
KEPT = ("lrtune", "torch")
"""Packages that stay as they are, with all that they need."""

PASSED = frozenset({"PATH", "HOME", "LANG", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "TMPDIR"})
PASSED_ENDS = ("_PROXY", "_proxy")
TOLD = 5
"""Of pip's complaints, so many are told with the failed job; all of them stand in its events."""


class Unresolvable(Exception):  # noqa: N818 - says what the requirements are
    """Pip could not install the requirements; the message is what it said."""


def environment(
    shelf: Shelf, requirements: str, policy: Policy, *, environ: Mapping[str, str], errand: Errand
) -> Held:
    """The environment of these requirements: the one there is, else a new one; ``python_of`` is its
    interpreter.

    Args:
        shelf: Where environments are kept, by a digest of all they hang on.
        requirements: In their normal form.
        policy: ``wheels``: nothing is built, so no code of a package runs here.
        environ: The worker's; pip gets its own settings of it, proxies, and nothing else.
        errand: Told what pip says.

    Raises:
        Unresolvable: Pip could not install them.
        Stopped: Nobody waits any more.
        OSError: The disk cannot be written.
    """
    held = constraints()
    key = _key(requirements, held, policy)

    def make(folder: Path) -> None:
        shelf.trim()
        errand.say(f"Building an environment for {len(requirements.splitlines())} requirements")
        _build(folder, requirements, held, policy, environ, errand)

    taken = shelf.take(key, make, errand.pause)
    shelf.trim()
    return taken


def python_of(held: Held) -> Path:
    """The interpreter of an environment."""
    return held.path / "bin" / "python"


def constraints(kept: Sequence[str] = KEPT) -> str:
    """``name==version`` of what stays as the worker has it, one a line, sorted."""
    versions: dict[str, str] = {}
    waiting = list(kept)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in versions:
            continue
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        versions[name] = found.version
        for line in found.requires or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting.append(needed.name)
    return "\n".join(f"{name}=={version}" for name, version in sorted(versions.items()))


def _key(requirements: str, held: str, policy: Policy) -> str:
    parts = (requirements, held, policy, sys.version, sys.executable, *_site_folders())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _site_folders() -> list[str]:
    user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return [*site.getsitepackages(), *user]


def _build(
    folder: Path,
    requirements: str,
    held: str,
    policy: Policy,
    environ: Mapping[str, str],
    errand: Errand,
) -> None:
    told = {
        name: value
        for name, value in environ.items()
        if name in PASSED or name.startswith("PIP_") or name.endswith(PASSED_ENDS)
    }
    _run([sys.executable, "-m", "venv", "--without-pip", str(folder)], told, errand)
    # `--system-site-packages` would mean the system's packages, not those of the worker's own environment.
    library = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    lines = [f"import site; site.addsitedir({path!r})" for path in _site_folders()]
    (library / "_worker.pth").write_text("\n".join(lines) + "\n")
    asked, bound = folder / "requirements.txt", folder / "constraints.txt"
    asked.write_text(requirements + "\n")
    bound.write_text(held + "\n")
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar=off", "--no-warn-script-location"]
    wheels = ["--only-binary=:all:"] if policy == "wheels" else []
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", *options, *wheels]
    said = _run([*command, "-r", str(asked), "-c", str(bound)], told, errand)
    errand.say(said[-1] if said else "Done")


def _run(command: Sequence[str], environ: Mapping[str, str], errand: Errand) -> list[str]:
    """Run a program to its end, telling what it prints; returns its lines.

    Raises:
        Unresolvable: It ended with an error.
    """
    process = subprocess.Popen(
        command,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        umask=0o022,
    )
    try:
        lines = _lines(process, errand)
        status = process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        assert process.stdout is not None
        process.stdout.close()
        process.wait()
    if status != 0:
        errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
        raise Unresolvable(" ".join((errors or lines)[-TOLD:]) or f"{command[0]} ended with status {status}")
    return lines


def _lines(
    process: subprocess.Popen[bytes], errand: Errand, clock: Callable[[], float] = time.monotonic
) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    number, text = process.stdout.fileno(), b""
    until = clock() + BUILD_MAX_S
    while True:
        errand.check()
        if clock() > until:
            raise Unresolvable(f"Installing them took longer than {BUILD_MAX_S:.0f} s.")
        ready, _, _ = select.select([number], [], [], 0.1)
        chunk = os.read(number, 65_536) if ready else None
        if chunk == b"":
            return lines
        *whole, text = (text + (chunk or b"")).split(b"\n")
        for raw in whole:
            line = raw.decode(errors="replace").rstrip()
            if line:
                lines.append(line)
                errand.say(line)


__all__ = ["Stopped", "Unresolvable", "constraints", "environment", "python_of"]
