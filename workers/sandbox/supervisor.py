"""``python -P -m workers.sandbox.supervisor FD``: starts a child by plan, watches its limits, ends its tree.

The worker sends a plan over the inherited socket and then, again and again, how long the child may go on; it
closes the socket's writing end when the child shall end, and so does a worker that dies. The supervisor ends
everything that descends from the child, tells its verdict and leaves. It holds no secret: its environment is
the child's.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import os
import resource
import selectors
import signal
import sys
import time

from workers.sandbox import disk, enter, processes, usage
from workers.sandbox.control import Control
from workers.sandbox.plan import Plan, Verdict

PR_SET_CHILD_SUBREAPER = 36
TICK_S = 0.2
CANNOT_START = 71
SHARE = 20
"""Looking after the disk takes a twentieth of the time at most, however many files there are."""


def main() -> None:
    control = Control(int(sys.argv[1]))
    plan = control.plan()
    if plan is None:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    shared = usage.SharedMemory(os.getuid() if plan.layers.uid is None else plan.layers.uid)
    child = _start(plan)
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -15)  # as root: a crowd of processes must not outrun it
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    verdict = _watch(plan, child, control, shared)
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)  # all there is to do where there is no /proc
    left = processes.end_descendants(plan.layers.uid)
    if plan.layers.uid is not None:
        shared.clear()
    control.tell(dataclasses.replace(verdict, left=left))


def _start(plan: Plan) -> int:
    child = os.fork()
    if child == 0:
        try:
            enter.become(plan)
        except OSError as error:
            os.write(2, f"the trainer cannot be started: {error}\n".encode())
        finally:
            os._exit(CANNOT_START)
    os.close(plan.talk)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)  # the end of the text is the end of the last process that writes it
    os.close(nothing)
    return child


def _watch(plan: Plan, child: int, control: Control, shared: usage.SharedMemory) -> Verdict:
    """Wait until the child ends, a limit is exceeded, or the worker has had enough; which of them."""
    looked_at, took_s = float("-inf"), 0.0
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        with contextlib.suppress(AttributeError, OSError):
            selector.register(os.pidfd_open(child), selectors.EVENT_READ)
        while True:
            status = _ended(plan, child)
            if status is not None:
                return Verdict(status)
            tree = processes.descendants(os.getpid())
            found = usage.excess(plan.limits, tree, _reaped_cpu_s(), shared)
            now = time.monotonic()
            if found is None and now - looked_at > took_s * SHARE:
                looked_at = now
                found = disk.disk_excess(plan.limits, plan.writable, tree)
                took_s = time.monotonic() - now
            if found is not None:
                return Verdict(None, found.limit, found.used, found.allowed)
            for key, _ in selector.select(TICK_S):
                if key.fileobj is control and not control.hear():
                    return Verdict(None)
            if control.lapsed:
                return Verdict(None, lapsed=True)


def _ended(plan: Plan, child: int) -> int | None:
    """The child's exit status, if it has one; orphans that ended are reaped along the way."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid == 0:
            return None
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            # Bubblewrap ends with 128 + n when signal n killed what it ran.
            return 128 - code if plan.layers.bwrap and 128 < code <= 128 + signal.NSIG else code


def _reaped_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
