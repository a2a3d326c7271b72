"""What a task cannot reach, at every level that this machine has: real children attempt it.

A level promises what ``probe.PROMISES`` lists. What is promised is refused; what is not must be explained.
"""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lrtune.wire import Isolation
from store import migrate
from tests.workers.sandboxes import Children
from workers.protocol import Sweep
from workers.sandbox.plan import Layers
from workers.sandbox.probe import PROMISES, probe
from workers.sandbox.sandbox import Sandbox

ORDER = Sweep(lrs=[0.1], seeds=[0])
SECRET = "correct horse battery staple"


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server's data directory, as it makes it: for its owner alone."""
    home = tmp_path_factory.mktemp("home")
    home.chmod(0o700)
    (home / "lrtune.db").write_text(SECRET)
    return home


@pytest.fixture(scope="module", params=["strongest", "without bubblewrap", "a process alone"])
def around(request: pytest.FixtureRequest, private: Path) -> Sandbox:
    """The strongest sandbox here, the strongest without bubblewrap, and the weakest there is."""
    if request.param == "a process alone":
        return Sandbox(Layers(), Isolation.PROCESS, ("as the test wants it",), gpu=False)
    named = {} if request.param == "strongest" else {"which": lambda name: None}
    return probe(environ=os.environ, private=[private, private / "lrtune.db"], gpu=False, **named)


@pytest.fixture
def children(around: Sandbox) -> Iterator[Children]:
    made = Children(around)
    yield made
    made.close()


def attempts(children: Children, script: str, **options: object) -> list[str]:
    """What the script says of its attempts: ``attempt(name, function)`` prints the name and how it went."""
    head = """
import ctypes, errno, pathlib
def attempt(name, action):
    try:
        tell(name, "done", action())
    except OSError as error:
        tell(name, "refused", errno.errorcode.get(error.errno))
line()
"""
    lines = "\n".join(line.removeprefix("    ") for line in script.splitlines())
    child = children.start(f"{head}{lines}\nsay(DONE)\nline()", **options)  # type: ignore[arg-type]
    said: list[str] = []
    child.send(ORDER)
    list(child.replies(tick=lambda: None, log=said.append))
    return said


def promised(around: Sandbox) -> set[str]:
    return {name for level, names in PROMISES.items() if level.rank <= around.level.rank for name in names}


def refused(around: Sandbox, guard: str, said: list[str]) -> None:
    """Every attempt was refused, if the level promises it; else the sandbox says what it lacks."""
    assert said
    if guard in promised(around):
        assert all(" refused " in line for line in said), said
    else:
        assert around.missing


def test_the_environment_holds_no_secret(around: Sandbox, children: Children) -> None:
    environ = {**os.environ, "LRTUNE_DATABASE_URL": SECRET, "LRTUNE_TOKEN": SECRET, "AWS_SECRET": SECRET}
    said = attempts(children, "    tell(sorted(os.environ.items()))", environ=environ)
    assert SECRET not in str(said)
    assert "OMP_NUM_THREADS" in str(said)


def test_memory_and_environment_of_the_worker_are_out_of_reach(around: Sandbox, children: Children) -> None:
    script = f"""
    for name in ("environ", "mem", "maps", "fd/0", "cwd", "root"):
        path = f"/proc/{os.getpid()}/{{name}}"
        look = os.readlink if name in ("fd/0", "cwd", "root") else open
        attempt(name, lambda: look(path))
    """
    refused(around, "memory", attempts(children, script))


def test_the_worker_cannot_be_signalled(around: Sandbox, children: Children) -> None:
    script = f"    attempt('kill', lambda: os.kill({os.getpid()}, signal.SIGCONT))"
    refused(around, "signals", attempts(children, script))


def test_the_database_and_the_data_directory_are_out_of_reach(
    around: Sandbox, children: Children, private: Path
) -> None:
    script = f"""
    attempt("the database", lambda: open("{private}/lrtune.db").read())
    attempt("the directory", lambda: os.listdir("{private}"))
    """
    refused(around, "private files", attempts(children, script))


def test_files_that_everybody_may_read_are_out_of_reach_too(
    around: Sandbox, children: Children, shared: Path
) -> None:
    script = f"    attempt('read', lambda: open('{shared}/readable').read())"
    refused(around, "other files", attempts(children, script))


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that every account may read and write, with a file and a Unix socket in it."""
    folder = Path("/tmp") / f"lrtune-shared-{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "readable").write_text("seen")
    (folder / "readable").chmod(0o666)
    yield folder
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def test_nothing_is_written_outside_its_folders(around: Sandbox, children: Children, shared: Path) -> None:
    script = f"""
    attempt("create", lambda: open("{shared}/new", "w"))
    attempt("overwrite", lambda: open("{shared}/readable", "w"))
    attempt("remove", lambda: os.unlink("{shared}/readable"))
    attempt("its task", lambda: open(sys.argv[0], "w"))
    attempt("packages", lambda: open(os.path.join(sys.prefix, "new"), "w"))
    """
    said = attempts(children, script)
    refused(around, "writing", said)
    if "writing" in promised(around):
        assert [path.name for path in shared.iterdir()] == ["readable"]
        assert (shared / "readable").read_text() == "seen"


def test_it_writes_at_home_and_shares_memory(around: Sandbox, children: Children) -> None:
    script = """
    import multiprocessing, tempfile
    attempt("home", lambda: open("mine", "w").write("x"))
    attempt("temporary", lambda: tempfile.NamedTemporaryFile().write(b"x"))
    attempt("shared memory", lambda: multiprocessing.Lock() and None)
    attempt("devices", lambda: open("/dev/null", "w").write("x") and len(os.urandom(8)))
    attempt("programs", lambda: subprocess.run([sys.executable, "-c", "pass"]).returncode)
    attempt("itself", lambda: len(open("/proc/self/maps").read()) > 0)
    """
    said = attempts(children, script)
    assert len(said) == 6
    assert all(" done " in line for line in said), said


def test_it_has_no_network(around: Sandbox, children: Children) -> None:
    with socket.create_server(("127.0.0.1", 0)) as database:
        script = f"""
    attempt("tcp", lambda: socket.create_connection(("127.0.0.1", {database.getsockname()[1]}), 5).close())
    attempt("udp", lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close())
    attempt("packets", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close())
    """
        said = attempts(children, script)
    refused(around, "network", said)


def test_with_permission_it_has_the_network(around: Sandbox, children: Children) -> None:
    with socket.create_server(("127.0.0.1", 0)) as outside:
        script = f"""
    attempt("tcp", lambda: socket.create_connection(("127.0.0.1", {outside.getsockname()[1]}), 5).close())
    """
        said = attempts(children, script, network=True)
    assert said == ["tcp done None"]


def test_system_calls_that_reach_further_are_refused(around: Sandbox, children: Children) -> None:
    script = f"""
    libc = ctypes.CDLL(None, use_errno=True)
    def call(name, *arguments):
        if getattr(libc, name)(*arguments) == -1:
            raise OSError(ctypes.get_errno(), name)
    attempt("be traced", lambda: call("ptrace", 0, 0, None, None))
    attempt("namespaces", lambda: call("unshare", 0x10000000))
    attempt("mount", lambda: call("mount", b"none", b"/tmp", b"tmpfs", 0, None))
    attempt("System V shared memory", lambda: call("shmget", 0, 4096, 0o1600))
    held = ctypes.create_string_buffer(16)
    attempt("the worker's limits", lambda: call("prlimit", {os.getpid()}, 0, None, held))
    """
    refused(around, "system calls", attempts(children, script))


def test_privileges_cannot_be_gained(around: Sandbox, children: Children) -> None:
    said = attempts(
        children,
        """
    for text in open("/proc/self/status"):
        if text.startswith(("NoNewPrivs", "CapEff", "CapBnd", "CapPrm", "Groups")):
            tell(*text.split())
    """,
    )
    told = {line.split()[0]: line.split()[1:] for line in said}
    assert told["NoNewPrivs:"] == ["1"]
    assert told["CapEff:"] == told["CapPrm:"] == ["0" * 16]
    if os.geteuid() == 0:
        assert told["CapBnd:"] == ["0" * 16]
    if around.layers.uid is not None:
        assert told["Groups:"] == []


def test_an_account_of_its_own_is_nobodys(around: Sandbox, children: Children) -> None:
    [said] = attempts(children, "    tell(os.getuid(), os.getgid(), os.getgroups())")
    uid = os.getuid() if around.layers.uid is None else around.layers.uid
    assert said.split()[0] == str(uid)
    assert (around.layers.uid is None) or uid != os.getuid()


def test_other_processes_are_not_to_be_seen(around: Sandbox, children: Children) -> None:
    script = f"    attempt('arguments', lambda: open('/proc/{os.getpid()}/cmdline').read())"
    refused(around, "processes", attempts(children, script))


def test_unix_sockets_of_the_machine_are_out_of_reach(
    around: Sandbox, children: Children, shared: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as service:
        service.bind(f"{shared}/service")
        (shared / "service").chmod(0o777)
        service.listen()
        script = f"    attempt('connect', lambda: socket.socket(socket.AF_UNIX).connect('{shared}/service'))"
        refused(around, "Unix sockets", attempts(children, script))


def test_its_folders_are_gone_with_it(around: Sandbox) -> None:
    children = Children(around)
    [said] = attempts(
        children,
        """
    tell(os.getcwd())
    os.makedirs("locked/inner/most")
    os.chmod("locked/inner", 0)
    os.chmod("locked", 0)
    for _ in range(1500):
        os.mkdir("d")
        os.chdir("d")
    """,
    )
    folder = Path(said).parent
    assert stat.S_IMODE((folder / "home").stat().st_mode) == 0o700
    children.close()
    assert not folder.exists()


def test_a_bubblewrap_that_does_not_work_is_done_without(tmp_path: Path) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho no namespaces here >&2\nexit 1\n")
    broken.chmod(0o755)
    found = probe(environ=os.environ, private=[], gpu=False, which=lambda name: str(broken))
    assert found.layers.bwrap is None
    assert found.level is not Isolation.BUBBLEWRAP
    assert "no namespaces here" in " ".join(found.missing) or os.geteuid() == 0


def test_a_long_path_of_temporary_files_takes_nothing_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = probe(environ=os.environ, private=[], gpu=False)
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    found = probe(environ=os.environ, private=[], gpu=False)
    assert found.level is usual.level


def test_a_worker_below_the_demanded_level_does_not_start(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/lrtune.db"
    migrate(url)
    environ = {**os.environ, "PATH": str(tmp_path), "LRTUNE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "lrtune.cli", "worker", "--isolation-min", "bubblewrap"]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "LRTUNE_ISOLATION_MIN demands bubblewrap" in ended.stderr
    assert "bubblewrap is not installed" in ended.stderr


def test_levels_are_ordered_by_what_they_promise() -> None:
    assert [level.rank for level in PROMISES] == [0, 1, 2, 3]
    assert list(PROMISES) == list(Isolation)
