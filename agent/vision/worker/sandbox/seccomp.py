"""The calls of the kernel that a worker may make; all others fail as if this kernel did not have them.

The filter is put together by libseccomp, which knows the numbers of the calls on each architecture. Source: seccomp(2),
seccomp_rule_add(3).
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import socket
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIBRARY: Final = "libseccomp.so.2"

# seccomp.h
_ALLOW: Final = 0x7FFF_0000
_FAIL: Final = 0x0005_0000
_KILL: Final = 0x8000_0000
_ATTRIBUTE_BAD_ARCHITECTURE: Final = 2
_ATTRIBUTE_ALL_THREADS: Final = 4
_ATTRIBUTE_OPTIMIZE: Final = 8
_BINARY_TREE: Final = 2
_UNKNOWN_CALL: Final = -1

# Linux UAPI: linux/sched.h, asm-generic/fcntl.h, linux/prctl.h, asm-generic/ioctls.h, linux/videodev2.h.
_CLONE_THREAD: Final = 0x0001_0000
_SOCKET_TYPE: Final = 0xF
_PR_SET_NAME: Final = 15
_PR_GET_NAME: Final = 16
_PR_SET_VMA: Final = 0x5356_4D41
_FIONREAD: Final = 0x541B
_FIONBIO: Final = 0x5421
_FIONCLEX: Final = 0x5450
_FIOCLEX: Final = 0x5451
_TCGETS: Final = 0x5401
_IOCTL_TYPE: Final = 0xFF00
_IOCTL_VIDEO: Final = ord("V") << 8
_OPENS_FOR_MORE: Final = os.O_CREAT | os.O_TRUNC | os.O_APPEND | (os.O_TMPFILE & ~os.O_DIRECTORY)

_ALWAYS: Final = (
    "read readv pread64 preadv write writev lseek close close_range dup dup2 dup3 fcntl pipe2 eventfd2 "
    "stat fstat lstat newfstatat statx statfs fstatfs access faccessat faccessat2 readlink readlinkat getdents64 "
    "getcwd fadvise64 poll ppoll select pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 "
    "brk munmap mremap madvise membarrier mincore "
    "futex futex_wait futex_wake futex_waitv futex_requeue set_robust_list get_robust_list rseq set_tid_address "
    "exit exit_group sched_yield sched_getaffinity sched_getparam sched_getscheduler getcpu gettid getpid getppid "
    "getuid geteuid getgid getegid getrusage getrlimit uname sysinfo getrandom "
    "clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times restart_syscall "
    "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait rt_sigpending sigaltstack "
    "recvfrom recvmsg recvmmsg getsockname getpeername getsockopt setsockopt shutdown "
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a worker's camera needs beyond what every worker needs.

    `connects`: to connect over TCP. `accepts`: to be connected to where it listens already. `datagrams`: to send and
    receive them, from a port of its own. `devices`: to open device nodes for writing and control video devices.
    """

    connects: bool = False
    accepts: bool = False
    datagrams: bool = False
    devices: bool = False


class FilterError(Exception):
    """The filter could not be put in place; the text says why."""


class _Compare(IntEnum):
    EQUAL = 4
    MASKED_EQUAL = 7


class _Condition(ctypes.Structure):
    """scmp_arg_cmp; with MASKED_EQUAL `first` is the mask."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("compare", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


def restrict(allowed: Allowed) -> None:
    """Leave all threads of this process these calls alone, for ever; no_new_privs must be set. Raises FilterError."""
    try:
        library = ctypes.CDLL(_LIBRARY, use_errno=True)
    except OSError:
        raise FilterError(f"{_LIBRARY} is not installed (Debian: libseccomp2)") from None
    library.seccomp_init.restype = ctypes.c_void_p
    address: int | None = library.seccomp_init(ctypes.c_uint32(_FAIL | errno.ENOSYS))
    if address is None:
        raise FilterError("no filter could be begun")
    context = ctypes.c_void_p(address)
    try:
        for attribute, value in (
            (_ATTRIBUTE_BAD_ARCHITECTURE, _KILL),
            (_ATTRIBUTE_ALL_THREADS, 1),
            (_ATTRIBUTE_OPTIMIZE, _BINARY_TREE),
        ):
            _proven(library.seccomp_attr_set(context, attribute, ctypes.c_uint32(value)))
        for name, action, conditions in _rules(allowed):
            call = library.seccomp_syscall_resolve_name(name.encode())
            if call != _UNKNOWN_CALL:  # newer than the library: it stays refused
                array = (_Condition * len(conditions))(*conditions)
                _proven(library.seccomp_rule_add_array(context, ctypes.c_uint32(action), call, len(array), array))
        _proven(library.seccomp_load(context))
    finally:
        library.seccomp_release(context)


_Rule = tuple[str, int, tuple[_Condition, ...]]


def _rules(allowed: Allowed) -> Iterator[_Rule]:
    for name in _ALWAYS.split():
        yield name, _ALLOW, ()
    yield from _threads()
    yield from _memory()
    yield from _files(allowed)
    yield from _sockets(allowed)


def _threads() -> Iterator[_Rule]:
    """Threads, but no processes; signals to itself alone."""
    yield "clone", _ALLOW, (_masked(0, _CLONE_THREAD, _CLONE_THREAD),)
    for name in ("tgkill", "kill"):
        yield name, _ALLOW, (_equal(0, os.getpid()),)
    yield "prlimit64", _ALLOW, (_equal(2, 0),)
    for name in ("getpriority", "setpriority"):
        yield name, _ALLOW, (_equal(0, os.PRIO_PROCESS),)
    for option in (_PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA):
        yield "prctl", _ALLOW, (_equal(0, option),)


def _memory() -> Iterator[_Rule]:
    """No memory that can be written and run, and none that becomes code."""
    both = mmap.PROT_WRITE | mmap.PROT_EXEC
    for granted in (0, mmap.PROT_WRITE, mmap.PROT_EXEC):
        yield "mmap", _ALLOW, (_masked(2, both, granted),)
    yield "mprotect", _ALLOW, (_masked(2, mmap.PROT_EXEC, 0),)


def _files(allowed: Allowed) -> Iterator[_Rule]:
    """Files are opened to be read. Of the controls of devices those of video alone, never those of terminals."""
    modes = (os.O_RDONLY, os.O_RDWR) if allowed.devices else (os.O_RDONLY,)
    for name, argument in (("open", 1), ("openat", 2)):
        for mode in modes:
            yield name, _ALLOW, (_masked(argument, os.O_ACCMODE | _OPENS_FOR_MORE, mode),)
    for request in (_FIONREAD, _FIONBIO, _FIOCLEX, _FIONCLEX, _TCGETS):
        yield "ioctl", _ALLOW, (_equal(1, request),)
    if allowed.devices:
        yield "ioctl", _ALLOW, (_masked(1, _IOCTL_TYPE, _IOCTL_VIDEO),)


def _sockets(allowed: Allowed) -> Iterator[_Rule]:
    """TCP and UDP and no relative of theirs (multipath TCP): Landlock knows the ports of TCP alone."""
    # TCP Fast Open connects by sending, past Landlock's check.
    for name, argument in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
        yield name, _ALLOW, (_masked(argument, socket.MSG_FASTOPEN, 0),)
    kinds = [(socket.SOCK_STREAM, socket.IPPROTO_TCP)] * allowed.connects
    kinds += [(socket.SOCK_DGRAM, socket.IPPROTO_UDP)] * allowed.datagrams
    for family in (socket.AF_INET, socket.AF_INET6):
        for kind, protocol in kinds:
            for named in (0, protocol):
                yield "socket", _ALLOW, (_equal(0, family), _masked(1, _SOCKET_TYPE, kind), _equal(2, named))
    if kinds:
        yield "connect", _ALLOW, ()
    if allowed.accepts:
        yield "accept4", _ALLOW, ()
    if allowed.datagrams:
        yield "bind", _ALLOW, ()


def _equal(argument: int, value: int) -> _Condition:
    return _Condition(argument, _Compare.EQUAL, value, 0)


def _masked(argument: int, mask: int, value: int) -> _Condition:
    return _Condition(argument, _Compare.MASKED_EQUAL, mask, value)


def _proven(result: int) -> None:
    if result != 0:
        raise FilterError(f"libseccomp: {os.strerror(-result)}")
