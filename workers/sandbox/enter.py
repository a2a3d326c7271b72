"""Enters the layers of a plan, and becomes its command. Runs in the child, before any code of a task.

Inside bubblewrap this is a program of its own (``python -P -m workers.sandbox.enter``, the plan in an
inherited file), since the layers that come last would keep bubblewrap from its work. Under root, bubblewrap
builds its file tree as root, so that it finds an interpreter or a folder that only root may enter.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import NoReturn

from workers.sandbox import bubblewrap, landlock, processes, seccomp
from workers.sandbox.plan import MB, Plan

_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 1, 24, 38, 47
_libc = ctypes.CDLL(None, use_errno=True)

OPEN_FILES = 65_536
NICENESS = 10
"""How far a training steps back for others (nice(2)): however many processes it starts, the supervisor that
counts them, the worker that holds the lease and a server on the same machine get their turn."""


def become(plan: Plan) -> NoReturn:
    """Enter the layers and run the command in this process.

    Raises:
        OSError: A layer cannot be entered, or there is no such program.
    """
    os.setsid()
    _limit(plan)
    if plan.layers.bwrap is None:
        _close(plan)
    if os.geteuid() != 0:
        _give_up_rights(None)
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    told = os.memfd_create("plan", 0)
    os.write(told, plan.json().encode())
    inner = [plan.python, "-P", "-m", "workers.sandbox.enter", str(told)]
    os.set_inheritable(plan.talk, True)
    os.execve(plan.layers.bwrap, bubblewrap.arguments(plan, inner), plan.environ)


def _close(plan: Plan) -> NoReturn:
    """Enter the layers that nothing can follow (rights, files, system calls), and run the command."""
    if sys.platform == "linux":
        _give_up_rights(plan.layers.uid)
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # after the account: a change clears it
    os.chdir(plan.cwd)
    if plan.layers.landlock:
        landlock.restrict(
            readable=plan.readable,
            listable=plan.listable,
            writable=plan.writable,
            devices=plan.devices,
            network=plan.network,
        )
    if plan.layers.seccomp:
        seccomp.restrict(network=plan.network)
    os.set_inheritable(plan.talk, True)
    os.execve(plan.command[0], plan.command, plan.environ)


def _limit(plan: Plan) -> None:
    """Limits that the kernel holds a single process to; the supervisor watches them all together."""
    disk = plan.limits.disk_mb * MB
    os.nice(NICENESS)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, disk)
    _lower(resource.RLIMIT_NOFILE, OPEN_FILES)
    if plan.limits.cpu_s:
        # Twice what is allowed, a backstop: the supervisor comes first, and says what happened.
        _lower(resource.RLIMIT_CPU, 2 * plan.limits.cpu_s + 60)
    if sys.platform == "linux":
        # The kernel counts threads by account, over all its processes. The supervisor counts what is ours.
        uid = os.getuid() if plan.layers.uid is None else plan.layers.uid
        _lower(resource.RLIMIT_NPROC, plan.limits.threads + processes.threads_of(uid) + SPARE_THREADS)
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write("900")  # when the machine runs out of memory, the training goes first


SPARE_THREADS = 64
"""Above the limit, so that the supervisor sees it exceeded before the kernel refuses a thread."""


def _lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def _give_up_rights(uid: int | None) -> None:
    """Leave the worker's account if there is another, and every privilege in any case."""
    if os.geteuid() == 0:
        for capability in range(64):
            if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0):
                break
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    _libc.prctl(_PR_CAP_AMBIENT, 4, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _libc.capset(header, nothing)
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        code = ctypes.get_errno()
        raise OSError(code, f"no_new_privs: {os.strerror(code)}")


def main() -> NoReturn:
    """Inside bubblewrap: read the plan, close the last layers, become the command."""
    told = int(sys.argv[1])
    with os.fdopen(told, "rb") as file:
        file.seek(0)
        plan = Plan.parse(file.read())
    _close(plan)


if __name__ == "__main__":
    main()
