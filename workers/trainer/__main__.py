"""``python -m workers.trainer <fd>``: serve the worker at the other end of the inherited socket."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Take the socket before torch is imported: what libraries print must not reach it."""
    _die_with_worker()
    _leave_stopping_to_worker()

    from workers.trainer.channel import Channel

    channel = Channel.inherit(int(sys.argv[1]))

    from workers.trainer.child import Child

    Child(channel).serve()


def _die_with_worker() -> None:
    """Have the kernel kill this process when its worker is gone, even inside user code that never returns.

    A worker that died before this call has closed the socket, which the first read tells. Elsewhere than on
    Linux the closed socket is all there is: the child ends at its next report.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _leave_stopping_to_worker() -> None:
    """Take no notice of SIGTERM, which some supervisors send to all processes of a service: the worker
    wants this one to save first. Processes that the user's code starts end by it as usual.
    """
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))


if __name__ == "__main__":
    main()
