"""The filter's program for every architecture, run by a small machine; the kernel runs it in test_sandbox."""

from __future__ import annotations

import errno
import socket
import struct

import pytest

from workers.sandbox import seccomp, syscalls

ALLOWED, KILLED = 0x7FFF0000, 0x80000000


def refused(code: int) -> int:
    return 0x00050000 | code


def run(program: bytes, number: int, *arguments: int, audit: int) -> int:
    """What the program answers to a call (classic BPF; the subset that it uses)."""
    data = struct.pack("=iIQ6Q", number, audit, 0, *arguments, *[0] * (6 - len(arguments)))
    held, at = 0, 0
    while True:
        code, yes, no, value = struct.unpack_from("=HBBI", program, at * 8)
        at += 1
        match code:
            case 0x20:
                held = struct.unpack_from("=I", data, value)[0]
            case 0x15:
                at += yes if held == value else no
            case 0x35:
                at += yes if held >= value else no
            case 0x45:
                at += yes if held & value else no
            case 0x06:
                return int(value)
            case _:
                raise AssertionError(f"instruction {code:#x}")


@pytest.mark.parametrize("network", [False, True])
@pytest.mark.parametrize("machine", sorted(syscalls.MACHINES))
def test_every_call_gets_its_answer(machine: str, network: bool) -> None:
    audit, column = syscalls.MACHINES[machine]
    program = seccomp.assemble(machine, network=network)

    def answer(numbers: tuple[int, int | None], *arguments: int) -> int:
        number = numbers[column]
        assert number is not None
        return run(program, number, *arguments, audit=audit)

    named = {**syscalls.REFUSED, **syscalls.ABSENT}
    for name, numbers in named.items():
        if numbers[column] is not None:
            code = errno.ENOSYS if name in syscalls.ABSENT else errno.EPERM
            assert answer(numbers) == refused(code), name
    special = {syscalls.CLONE[column], syscalls.SOCKET[column], syscalls.PRLIMIT[column]}
    taken = {numbers[column] for numbers in named.values()} | special
    for number in set(range(460)) - taken:
        assert run(program, number, audit=audit) == ALLOWED, number

    assert answer(syscalls.CLONE, 0x01200011) == ALLOWED  # fork
    assert answer(syscalls.CLONE, 0x003D0F00) == ALLOWED  # a thread
    for bit in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert answer(syscalls.CLONE, bit | 17) == refused(errno.EPERM)
    assert answer(syscalls.PRLIMIT, 0) == ALLOWED
    assert answer(syscalls.PRLIMIT, 4711) == refused(errno.EPERM)
    assert answer(syscalls.SOCKET, socket.AF_UNIX) == ALLOWED
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):
        assert answer(syscalls.SOCKET, family) == (ALLOWED if network else refused(errno.EACCES))
    for family in (socket.AF_PACKET, socket.AF_VSOCK, socket.AF_ALG):
        assert answer(syscalls.SOCKET, family) == refused(errno.EACCES)


def test_calls_of_another_interface_do_not_pass() -> None:
    audit, _ = syscalls.MACHINES["x86_64"]
    program = seccomp.assemble("x86_64", network=False)
    assert run(program, 0x40000000 + 1, audit=audit) == refused(errno.EPERM)
    i386 = 0x40000003
    assert run(program, 1, audit=i386) == KILLED
