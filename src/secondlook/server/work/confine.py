"""What a process that decodes may do from some moment on: compute, within limits, and use the pipes that it has.

Limits of the system (setrlimit) hold on every Unix: no descriptor beyond those that are open, so no file and no socket; no
file grows; no core is dumped; so much memory. On Linux (x86-64, AArch64) a filter of system calls (seccomp) comes on top:
whatever is not needed to compute answers "not permitted", also what needs no descriptor: unlinking, renaming, starting
programs, signalling others.
"""

from __future__ import annotations

import ctypes
import math
import os
import platform
import resource
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_NICE = 10
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2  # prctl(2)
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # BPF: load a word, jump if equal, return
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050001  # seccomp(2): SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EPERM
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_AT = 0, 4, 16  # offsets in struct seccomp_data


@dataclass(frozen=True, slots=True)
class Machine:
    """architecture: AUDIT_ARCH_*. calls: numbers of the system calls that are let through. limit: prlimit64's, which is let
    through for the process itself."""

    architecture: int
    calls: tuple[int, ...]
    limit: int


# read write close fstat lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn readv writev sched_yield
# mremap madvise nanosleep getpid exit gettid futex restart_syscall clock_gettime clock_getres clock_nanosleep exit_group
# getrusage sigaltstack getrandom membarrier rseq
MACHINES = {
    "x86_64": Machine(
        0xC000003E,
        (0, 1, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 19, 20, 24, 25, 28, 35, 39, 60, 186, 202, 219, 228, 229, 230, 231,
         98, 131, 318, 324, 334),
        302,
    ),
    "aarch64": Machine(
        0xC00000B7,
        (63, 64, 57, 80, 62, 222, 226, 215, 214, 134, 135, 139, 65, 66, 124, 216, 233, 101, 172, 93, 178, 98, 128, 113,
         114, 115, 94, 165, 132, 278, 283, 293),
        261,
    ),
}  # fmt: skip


def step_back() -> None:
    """Others go first: less of the processor, and the first to be ended where memory runs out."""
    with suppress(OSError):
        os.nice(_NICE)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def confine(memory_mb: int) -> None:
    """From here on, and not to be taken back. memory_mb: most that is used beyond what is in use now."""
    most = _in_use() + memory_mb * 1024 * 1024
    for limit, value in (
        (resource.RLIMIT_AS, most),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        _, hard = resource.getrlimit(limit)
        lowered = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (lowered, lowered))
    machine = MACHINES.get(platform.machine()) if sys.platform == "linux" else None
    if machine is not None:
        _filter_calls(machine)


def allow_seconds(seconds: int) -> None:
    """Of processor time from now on; SIGXCPU ends the process then."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _in_use() -> int:
    """Bytes of address space."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:  # no /proc: a generous guess at what Python and its libraries have
        return 1 << 30
    return pages * resource.getpagesize()


def _filter_calls(machine: Machine) -> None:
    """Where the kernel has no filters, the limits are left."""
    program = _program(machine)
    held = ctypes.create_string_buffer(program, len(program))
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(held)))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    zero = ctypes.c_ulong(0)
    if prctl(_NO_NEW_PRIVILEGES, ctypes.c_ulong(1), zero, zero, zero) == 0:
        prctl(_SET_SECCOMP, ctypes.c_ulong(_FILTER), ctypes.byref(head), zero, zero)


def _program(machine: Machine) -> bytes:
    """struct sock_filter, one after another: of our architecture, those calls and no others. A jump counts from the next."""
    calls = len(machine.calls)
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 0, calls + 6, machine.architecture),
        (_LOAD, 0, 0, _NUMBER_AT),
        *((_EQUAL, calls + 5 - place, 0, number) for place, number in enumerate(machine.calls)),
        (_EQUAL, 0, 4, machine.limit),
        (_LOAD, 0, 0, _FIRST_AT),  # of which process, in two halves: 0 is this one
        (_EQUAL, 0, 2, 0),
        (_LOAD, 0, 0, _FIRST_AT + 4),
        (_EQUAL, 1, 0, 0),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
