"""Children that use more than they may, and children that won't end: real processes in the real sandbox."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys

import pytest

from lrtune.wire import JobError
from tests.workers.sandboxes import Start, alive
from workers.child import Child, ChildDied, ChildStalled
from workers.limits import LIMITS, LimitExceeded
from workers.protocol import Sweep

ORDER = Sweep(lrs=[0.1], seeds=[0])


def ask(child: Child) -> list[str]:
    """What the child printed until it answered."""
    said: list[str] = []
    child.send(ORDER)
    list(child.replies(tick=lambda: None, log=said.append))
    return said


def refused(child: Child) -> JobError:
    """The error of a job whose child goes over a limit."""
    with pytest.raises(LimitExceeded) as caught:
        ask(child)
    return caught.value.error


GREEDY = {
    "memory in one piece": ("memory_limit", {"memory_mb": 300}, "hoard = b'x' * (600 << 20)"),
    "memory of many processes": (
        "memory_limit",
        {"memory_mb": 300},
        """
        for _ in range(5):
            if os.fork() == 0:
                hoard = b"x" * (100 << 20)
                time.sleep(1000)
        """,
    ),
    "memory without a name": (
        "memory_limit",
        {"memory_mb": 300},
        """
        for _ in range(9):
            hoard = os.memfd_create("hoard")
            os.write(hoard, b"x" * (50 << 20))
        """,
    ),
    "shared memory": (
        "memory_limit",
        {"memory_mb": 300},
        """
        for number in range(9):
            with open(f"/dev/shm/hoard-{os.getpid()}-{number}", "wb") as file:
                file.write(b"x" * (50 << 20))
        """,
    ),
    "a fork bomb": (
        "process_limit",
        {"processes": 20},
        """
        while True:
            try:
                os.fork()
            except OSError:
                pass
        """,
    ),
    "threads": (
        "thread_limit",
        {"threads": 40},
        """
        import threading
        for _ in range(60):
            threading.Thread(target=time.sleep, args=(1000,)).start()
        """,
    ),
    "CPU time": ("cpu_limit", {"cpu_s": 1}, "while True: pass"),
    "CPU time of processes that have ended": (
        "cpu_limit",
        {"cpu_s": 1},
        """
        while True:
            if os.fork() == 0:
                until = time.process_time() + 0.2
                while time.process_time() < until: pass
                os._exit(0)
            os.wait()
        """,
    ),
    "many files of some size": (
        "disk_limit",
        {"disk_mb": 20},
        """
        for number in range(10):
            with open(f"part{number}", "wb") as file:
                file.write(b"x" * (4 << 20))
        """,
    ),
    "a file that has no name any more": (
        "disk_limit",
        {"disk_mb": 20},
        """
        hoard = []
        for number in range(4):
            hoard.append(open("hidden", "w+b"))
            os.unlink("hidden")
            hoard[-1].write(b"x" * (8 << 20))
            hoard[-1].flush()
        """,
    ),
    "many small files": (
        "file_limit",
        {"files": 100},
        "for number in range(200): open(f'{number}', 'w').close()",
    ),
    "files in a folder that nobody may list": (
        "disk_limit",
        {"disk_mb": 20},
        """
        for number in range(10):
            os.mkdir(f"locked{number}")
            with open(f"locked{number}/part", "wb") as file:
                file.write(b"x" * (4 << 20))
            os.chmod(f"locked{number}", 0)
        """,
    ),
    "files deeper than paths reach": (
        "path_limit",
        {},
        """
        for _ in range(40):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
        """,
    ),
    "much text": ("log_limit", {"log_mb": 2}, "while True: os.write(2, b'x' * 1000 + b'\\n')"),
}


@pytest.mark.parametrize("case", GREEDY)
def test_more_than_allowed_fails_the_job_with_what_was_used(start: Start, case: str) -> None:
    code, limits, script = GREEDY[case]
    lines = "\n".join(line.removeprefix("        ") for line in script.splitlines())
    error = refused(start(f"line()\n{lines}\ntime.sleep(1000)", **limits))
    assert error.code == code
    assert "this worker allows" in error.detail
    assert error.remedy is not None
    assert (next(limit.variable for limit in LIMITS.values() if limit.code == code) or "") in error.remedy


def test_a_file_larger_than_the_disk_limit_is_an_error_where_it_is_written(start: Start) -> None:
    said = ask(
        start(
            """
            line()
            try:
                with open("large", "wb") as file:
                    for _ in range(64): file.write(b"x" * (1 << 20))
            except OSError as error:
                tell(type(error).__name__, error.strerror)
            os.unlink("large")
            say(DONE)
            line()
            """,
            disk_mb=8,
        )
    )
    assert said == ["OSError File too large"]


def test_a_unit_that_takes_too_long_is_over(start: Start) -> None:
    seconds = itertools.count(step=30)
    error = refused(start("line()\nline()", unit_s=50, clock=lambda: float(next(seconds))))
    assert error.code == "time_limit"
    assert "LRTUNE_UNIT_S" in (error.remedy or "")


def test_sleeping_for_ever_counts_as_hung(start: Start) -> None:
    seconds = itertools.count(step=30)
    child = start("line()\ntime.sleep(1e6)", clock=lambda: float(next(seconds)))
    with pytest.raises(ChildStalled, match="silent for 60 s"):
        ask(child)


def test_what_a_child_may_use_is_no_concern_of_the_next(start: Start) -> None:
    refused(start("line()\nwhile True:\n    try: os.fork()\n    except OSError: pass", processes=20))
    assert ask(start("line()\ntell(os.getcwd().rpartition('/')[2])\nsay(DONE)\nline()")) == ["home"]


FLEEING = """
line()
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
def settle():
    os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(1000)", MARK])
if os.fork() == 0:
    settle()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        settle()
    os._exit(0)
if os.fork() == 0:
    os.setpgid(0, 0)
    for fd in range(3, 100):
        try: os.close(fd)
        except OSError: pass
    if os.fork() == 0:
        if os.fork() == 0:
            settle()
        os._exit(0)
    os._exit(0)
"""


def fled(mark: str) -> list[int]:
    """Processes that were started with a mark among their arguments."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    arguments = file.read().split(b"\0")
            except OSError:
                continue
            if mark.encode() in arguments and alive(int(name)):
                found.append(int(name))
    return found


def until_fled(mark: str, count: int) -> None:
    while len(fled(mark)) < count:
        os.sched_yield()


def mark_of(request: pytest.FixtureRequest) -> str:
    return f"mark-{os.getpid()}-{request.node.name}"


def test_nothing_that_a_child_started_outlives_it(start: Start, request: pytest.FixtureRequest) -> None:
    mark = mark_of(request)
    child = start(f"MARK = {mark!r}\n{FLEEING}\nsay(DONE)\nline()")
    ask(child)
    until_fled(mark, 3)
    assert child.kill() == []
    assert fled(mark) == []


def test_nothing_outlives_a_child_that_ends_by_itself(start: Start, request: pytest.FixtureRequest) -> None:
    mark = mark_of(request)
    child = start(f"MARK = {mark!r}\n{FLEEING}\nsay(DONE)\nline()\nos._exit(3)")
    ask(child)
    until_fled(mark, 3)
    with pytest.raises(ChildDied, match="ended with status 3"):
        ask(child)
    assert fled(mark) == []


def test_a_child_that_cannot_be_started_says_why(start: Start) -> None:
    child = start("import nothing_of_this_name")
    with pytest.raises(ChildDied, match="ended with status 1") as caught:
        ask(child)
    assert "nothing_of_this_name" in caught.value.tail


WORKER = """
import os, sys, time
from tests.workers.sandboxes import Children, sandbox
from workers.protocol import Sweep
from workers import secrecy
secrecy.withdraw()
child = Children(sandbox()).start(sys.argv[1])
child.send(Sweep(lrs=[0.1], seeds=[0]))
list(child.replies(tick=lambda: None, log=lambda line: None))
print(child.supervisor, flush=True)
sys.stdin.read()
print(child.kill(), flush=True)
"""


@pytest.mark.parametrize("killed", ["worker", "supervisor"])
def test_nothing_outlives_a_worker_or_a_supervisor_that_is_killed(
    killed: str, request: pytest.FixtureRequest
) -> None:
    mark = mark_of(request)
    script = f"MARK = {mark!r}\n{FLEEING}\nsay(DONE)\nline()"
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with worker:
        assert worker.stdout is not None
        supervisor = int(worker.stdout.readline())
        until_fled(mark, 3)
        os.kill(worker.pid if killed == "worker" else supervisor, signal.SIGKILL)
        if killed == "supervisor":
            assert worker.stdin is not None
            worker.stdin.close()
            assert worker.stdout.readline() == "[]\n"
        while fled(mark) or alive(supervisor):
            os.sched_yield()
