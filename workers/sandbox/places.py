"""The files that a training needs beside its own: programs, libraries, devices."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from glob import glob

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/sys", "/proc")
CONFIGURATION = (
    "alternatives",
    "ca-certificates",
    "fonts",
    "gai.conf",
    "group",
    "host.conf",
    "hosts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "nvidia",
    "OpenCL",
    "os-release",
    "passwd",
    "pki/ca-trust",
    "pki/tls/certs",
    "pki/tls/cert.pem",
    "protocols",
    "resolv.conf",
    "services",
    "ssl/cert.pem",
    "ssl/certs",
    "ssl/openssl.cnf",
    "timezone",
    "vulkan",
)
"""In /etc, which holds secrets too."""
NAMED = ("LD_LIBRARY_PATH", "SSL_CERT_FILE", "CUDA_HOME", "CUDA_PATH", "VIRTUAL_ENV")
"""Variables of the child's environment whose paths it needs."""

PLAIN_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
GPU_DEVICES = ("/dev/nvidia*", "/dev/dri", "/dev/kfd", "/dev/dxg")
OURS = ("lrtune", "workers")
"""Packages of a checkout that the trainer imports; what else lies beside them is not its business."""

_TELL = "import json, sys; print(json.dumps([sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path]))"


@dataclass(frozen=True)
class Places:
    """Paths to read and execute, folders to list the names in, devices to use."""

    readable: list[str]
    listable: list[str]
    devices: list[str]


def places(interpreter: str, environ: Mapping[str, str], *, more: Sequence[str], gpu: bool) -> Places:
    """What a child of this interpreter needs.

    Args:
        interpreter: Path of its Python.
        environ: Its environment.
        more: Further paths it may read: its task's files, data that the operator allows.
        gpu: Whether it trains on a GPU.
    """
    readable = [*SYSTEM, *(f"/etc/{name}" for name in CONFIGURATION), *more]
    listable = []
    for name in NAMED:
        readable += [part for part in environ.get(name, "").split(os.pathsep) if os.path.isabs(part)]
    if interpreter != sys.executable:
        # An environment over the worker's own Python. It is not asked for its paths: what a task had
        # installed there would run in the worker's stead.
        readable.append(os.path.dirname(os.path.dirname(interpreter)))
    for path in _own_python():
        if os.path.isdir(os.path.join(path, "workers", "trainer")):
            listable.append(path)
            readable += [os.path.join(path, name) for name in OURS]
        else:
            readable.append(path)
    patterns = GPU_DEVICES if gpu else ()
    devices = [*PLAIN_DEVICES, *(path for pattern in patterns for path in sorted(glob(pattern)))]
    return Places(list(dict.fromkeys(readable)), listable, devices)


@cache
def _own_python() -> tuple[str, ...]:
    """Where the worker's interpreter finds its libraries and modules; links resolved as well as not."""
    told = subprocess.run([sys.executable, "-P", "-c", _TELL], env={}, capture_output=True, check=True)
    paths: list[str] = [path for path in json.loads(told.stdout) if os.path.isabs(path)]
    return tuple(dict.fromkeys(found for path in paths for found in (path, os.path.realpath(path))))
