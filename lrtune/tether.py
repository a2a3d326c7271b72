"""Runs a command that ends when its parent does: ``python -m lrtune.tether PARENT_PID COMMAND…``.

A local worker must not outlive a server that was killed, or the next server would start more beside it.
Linux sends SIGTERM when the parent's thread is gone (the request survives exec); elsewhere the worker lives
on, and is stopped by hand.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Ask for SIGTERM at the parent's death, then become ``command``."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit(0)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
