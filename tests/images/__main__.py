"""``python -m tests.images``: runs the steps of the server's image without Docker, and then the image.

What Docker would do with root's rights and a file system of its own is done in a temporary folder: COPY
copies there, RUN runs there with the image's paths replaced, as the current user. Then the folder is made
read-only, and the program runs as another user (if this one is root) with the image's environment: it makes
the first admin, serves, and is asked by the image's own health check. Not covered: the base image, what a
container's kernel allows, and `useradd`.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.images.dockerfile import ROOT, Step, steps

NOBODY = "nobody"
PORT = "8799"
PATIENCE_S = 60.0


def build(target: str, root: Path) -> dict[str, str]:
    """Run a target's steps under ``root``; returns the environment that they set."""
    environ = {"PATH": os.environ["PATH"]}
    for step in steps(target):
        match step.word:
            case "ENV":
                found = re.findall(r"(\w+)=(\S+)", step.text)
                environ |= {
                    name: place(root, value.replace("$PATH", environ["PATH"])) for name, value in found
                }
            case "COPY":
                *sources, goal = step.words
                for source in sources:
                    copy(ROOT / source, root / "srv" / goal)
            case "RUN" if "useradd" not in step.text:
                command = place(root, step.text).replace("python -m venv", f"{python()} -m venv")
                print(f"RUN {step.text}", flush=True)
                subprocess.run(
                    ["sh", "-euc", command], cwd=root / "srv", env={**os.environ, **environ}, check=True
                )
    return environ


def python() -> str:
    """An interpreter that another user can run too: one under /root he cannot."""
    for program in (sys.executable, "/usr/local/bin/python3", "/usr/bin/python3"):
        real = Path(program).resolve()
        if os.getuid() != 0 or (real.exists() and _open_to_all(real)):
            return program
    sys.exit("As root this needs a Python outside /root, with venv: apt-get install python3-venv")


def _open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def place(root: Path, text: str) -> str:
    """The image's paths, moved under ``root``."""
    for path in ("/opt/lrtune", "/var/lib/lrtune"):
        text = text.replace(path, f"{root}{path}")
    return text


def copy(source: Path, goal: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, goal, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, goal)


def run(root: Path, environ: dict[str, str], last: dict[str, Step]) -> None:
    """Make an admin, serve, ask for health, stop; as another user if this one is root."""
    user = pwd.getpwnam(NOBODY) if os.getuid() == 0 else None
    as_user = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    home = root / "var/lib/lrtune"
    home.mkdir(parents=True, mode=0o700)
    if user is not None:
        os.chown(home, user.pw_uid, user.pw_gid)
    (root / "session-key").write_text("k" * 40)
    environ |= {"LRTUNE_PORT": PORT, "LRTUNE_SESSION_KEY_FILE": str(root / "session-key"), "TMPDIR": "/tmp"}
    subprocess.run(["chmod", "-R", "a-w,a+rX", root / "opt", root / "srv"], check=True)
    os.chmod(root, 0o755)
    torch = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is not None)"
    options = {"env": environ, "cwd": root / "srv", **as_user}
    subprocess.run([root / "opt/lrtune/bin/python", "-c", torch], check=True, **options)
    print("no torch")
    subprocess.run(
        ["lrtune", "admin", "create-user", "ada", "--role", "admin"],
        check=True,
        capture_output=True,
        **options,
    )
    server = subprocess.Popen(last["CMD"].words, **options)
    check = ["python", *Step("", last["HEALTHCHECK"].text.partition("CMD ")[2]).words[1:]]
    check = [word.replace("8765", PORT) for word in check]
    try:
        deadline = time.monotonic() + PATIENCE_S
        while subprocess.run(check, check=False, stderr=subprocess.DEVNULL, **options).returncode:
            if time.monotonic() > deadline or server.poll() is not None:
                sys.exit("The server did not become healthy.")
            time.sleep(0.2)
        print("healthy")
    finally:
        server.terminate()
    if server.wait(PATIENCE_S):
        sys.exit(f"The server ended with status {server.returncode}.")
    print("stopped well")


def main() -> None:
    found = steps("server")
    folder = Path(tempfile.mkdtemp(prefix="lrtune-image-"))
    try:
        (folder / "srv").mkdir()
        environ = build("server", folder)
        run(folder, environ, {step.word: step for step in found})
    finally:
        subprocess.run(["chmod", "-R", "u+w", folder], check=False)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
