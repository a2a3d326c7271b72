"""What other processes of the machine can learn of a worker."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

URL = "postgresql://ada:secret@db/lrtune"
SCRIPT = """
import os, sys
from workers import secrecy
secrecy.withdraw()
secrecy.hide_url(sys.orig_argv, os.environ)
print(os.getpid(), os.environ["LRTUNE_DATABASE_URL"], *sys.argv[1:], flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("flag", [["--database-url", URL], [f"--database-url={URL}"]])
def test_the_databases_url_leaves_the_arguments(flag: list[str]) -> None:
    command = [sys.executable, "-c", SCRIPT, "worker", *flag, "--threads", "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        told = worker.stdout.readline().split()
        assert told == [str(worker.pid), URL, "worker", "--threads", "1"]
        with open(f"/proc/{worker.pid}/cmdline") as arguments:
            assert "secret" not in arguments.read()
        # Not dumpable: its files in /proc are root's, whoever runs it.
        assert os.stat(f"/proc/{worker.pid}/environ").st_uid == 0
        worker.communicate()
