"""A seccomp filter: the kernel refuses system calls that a training never needs (seccomp(2)).

It needs no root, holds for all that the process starts, and cannot be taken off. The filter is a classic BPF
program that reads the call's number, the architecture and the arguments (``struct seccomp_data``).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import struct

from workers.sandbox import syscalls

_PR_GET_SECCOMP, _PR_SET_SECCOMP, _MODE_FILTER = 21, 22, 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_X32 = 0x40000000
"""Calls from here on belong to the x32 interface, with numbers of its own."""

_PLAIN_SOCKETS = (socket.AF_UNIX,)
_NETWORK_SOCKETS = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16)  # 16: netlink, for name look-ups

_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def available() -> bool:
    """Whether the kernel takes filters, and we know this architecture's calls."""
    return platform.machine() in syscalls.MACHINES and _libc.prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) >= 0


def restrict(*, network: bool) -> None:
    """Put the filter on this thread and all it starts. ``PR_SET_NO_NEW_PRIVS`` must be set.

    Args:
        network: Whether IPv4 and IPv6 sockets are allowed. Unix sockets always are: processes of one
            training talk over them.

    Raises:
        OSError: The kernel refuses.
    """
    program = assemble(platform.machine(), network=network)
    told = _Program(len(program) // 8, program)
    if _libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(told), 0, 0):
        code = ctypes.get_errno()
        raise OSError(code, f"seccomp: {os.strerror(code)}")


def assemble(machine: str, *, network: bool) -> bytes:
    """The filter's program for an architecture (a key of ``syscalls.MACHINES``): 8 bytes an instruction."""
    audit, column = syscalls.MACHINES[machine]
    program = [
        _op(_LOAD, _ARCHITECTURE),
        _op(_EQUAL, audit, yes=1),
        _op(_RETURN, _KILL),
        _op(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":
        program += [_op(_AT_LEAST, _X32, no=1), _refuse(errno.EPERM)]
    for answer, calls in ((errno.EPERM, syscalls.REFUSED), (errno.ENOSYS, syscalls.ABSENT)):
        for numbers in calls.values():
            number = numbers[column]
            if number is not None:
                program += [_op(_EQUAL, number, no=1), _refuse(answer)]
    families = _NETWORK_SOCKETS if network else _PLAIN_SOCKETS
    for number, rest in (
        (syscalls.CLONE[column], [_op(_ANY_BIT, syscalls.NEW_NAMESPACES, no=1), _refuse(errno.EPERM)]),
        # Limits of another process may be changed by any of the same account: only its own (0) may be.
        (syscalls.PRLIMIT[column], [_op(_EQUAL, 0, yes=1), _refuse(errno.EPERM)]),
        (
            syscalls.SOCKET[column],
            [
                *(_op(_EQUAL, family, yes=len(families) - at) for at, family in enumerate(families)),
                _refuse(errno.EACCES),
            ],
        ),
    ):
        body = [_op(_LOAD, _ARGUMENTS), *rest, _op(_RETURN, _ALLOW)]
        program += [_op(_EQUAL, number, no=len(body)), *body]
    return b"".join([*program, _op(_RETURN, _ALLOW)])


def _op(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """One instruction; ``yes`` and ``no`` are how many to skip after a comparison."""
    return struct.pack("=HBBI", code, yes, no, value)


def _refuse(code: int) -> bytes:
    return _op(_RETURN, _ERRNO | code)
