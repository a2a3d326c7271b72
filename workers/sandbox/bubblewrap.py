"""The command line of bubblewrap: namespaces of its own, and a file tree that holds listed paths only."""

from __future__ import annotations

import os
from pathlib import PurePath

from workers.sandbox.plan import Plan


def arguments(plan: Plan, command: list[str]) -> list[str]:
    """``command`` inside bubblewrap, with the paths of ``plan`` under their own names.

    There is no other process to be seen, no Unix socket of the machine, no shared memory of others; the
    end of the first process ends all, at once and by the kernel.
    """
    assert plan.layers.bwrap is not None
    made = [plan.layers.bwrap, "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    made += ["--unshare-cgroup-try", "--hostname", "lrtune", "--cap-drop", "ALL"]
    if os.geteuid() == 0:
        made += [word for name in _LEAVING for word in ("--cap-add", name)]
    else:
        made.append("--unshare-user")
    if not plan.network:
        made.append("--unshare-net")
    # By itself, bubblewrap makes the folders above a path for their owner alone.
    above = {str(parent) for path in (*plan.readable, *plan.writable) for parent in PurePath(path).parents}
    made += [word for parent in sorted(above - {"/"}) for word in ("--dir", parent)]
    made += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/dev/shm"]
    for path in plan.devices:
        if not path.startswith(("/dev/shm", *_MADE)) and os.path.exists(path):
            made += ["--dev-bind", path, path]
    # Parents first: a later mount lies over an earlier one.
    for path in sorted(plan.readable):
        if not path.startswith(("/proc", "/dev")):
            made += ["--ro-bind-try", path, path]
    for path in plan.writable:
        if path != "/dev/shm":
            made += ["--bind", path, path]
    made += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--", *command]
    return made


_LEAVING = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
"""What ``enter`` needs to leave root's account; it gives these up with it."""

_MADE = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
"""What bubblewrap puts into a new /dev by itself."""
