"""Landlock: the kernel admits a process and all it starts to listed files only (landlock(7)).

No root is needed, and nothing can undo it. Besides files, it keeps a process from tracing others and reading
what ``/proc`` tells of them by that right (memory, environment, open files); from version 6 of its interface
(Linux 6.12) also from sending signals, and from abstract Unix sockets, to processes outside.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Sequence

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""Number of file rights by interface version; 16 from version 5 on."""
_TCP = 0b11
_SCOPES = 0b11
SIGNALS_SINCE = 6
"""The interface version that keeps signals inside."""

_READ = _EXECUTE | _READ_FILE | _READ_DIR
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_MAKE_DEVICES = (1 << 6) | (1 << 11)

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """The kernel's version of the interface; 0 where there is none or it is switched off."""
    found = _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    return max(int(found), 0)


def restrict(
    *,
    readable: Sequence[str],
    listable: Sequence[str],
    writable: Sequence[str],
    devices: Sequence[str],
    network: bool,
) -> None:
    """Restrict this thread, and all it starts, to the paths. Those that do not exist are left out.

    ``PR_SET_NO_NEW_PRIVS`` must be set.

    Raises:
        OSError: The kernel refuses.
    """
    abi = version()
    all_rights = (1 << _RIGHTS.get(abi, 16)) - 1
    tcp = _TCP if abi >= 4 and not network else 0
    scopes = _SCOPES if abi >= SIGNALS_SINCE else 0
    sizes = 8 if abi < 4 else 16 if abi < SIGNALS_SINCE else 24
    attributes = struct.pack("=QQQ", all_rights, tcp, scopes)[:sizes]
    ruleset = _call(_CREATE_RULESET, attributes, ctypes.c_size_t(sizes), 0)
    try:
        for paths, rights in (
            (readable, _READ),
            (listable, _READ_DIR),
            (writable, all_rights & ~_MAKE_DEVICES),
            (devices, _READ_FILE | _WRITE_FILE | _READ_DIR | _IOCTL_DEV | _TRUNCATE),
        ):
            for path in paths:
                _allow(ruleset, path, rights & all_rights)
        _call(_RESTRICT_SELF, ctypes.c_int(ruleset), 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(parent).st_mode):
            rights &= _ON_FILES
        _call(_ADD_RULE, ctypes.c_int(ruleset), _PATH_BENEATH, struct.pack("=Qi", rights, parent), 0)
    finally:
        os.close(parent)


def _call(number: int, *arguments: object) -> int:
    result = int(_libc.syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"landlock: {os.strerror(code)}")
    return result
