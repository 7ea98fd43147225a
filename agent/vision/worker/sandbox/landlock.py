"""Landlock: which files, ports and processes this process may still reach, by rules that the kernel keeps for ever.

Source: Linux UAPI, linux/landlock.h; landlock(7). Versions of the interface (ABI) add rights: 3 truncation, 4 TCP,
5 control of devices, 6 signals and abstract sockets.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
from enum import IntFlag
from typing import TYPE_CHECKING, Final

from agent.vision.worker.sandbox.kernel import syscall

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# The same on every architecture.
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_ASK_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_NET_PORT: Final = 2
_SINCE_TCP: Final = 4
_SINCE_SCOPES: Final = 6
_BIND_TCP: Final = 1
_CONNECT_TCP: Final = 2
_ABSTRACT_SOCKETS_AND_SIGNALS: Final = 3


class Files(IntFlag):
    """Rights to files, LANDLOCK_ACCESS_FS_*."""

    WRITE = 1 << 1
    READ = 1 << 2
    LIST = 1 << 3
    CONTROL = 1 << 15


_ALL_FILES: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("tcp", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


class _Port(ctypes.Structure):
    _fields_ = (("allowed", ctypes.c_uint64), ("port", ctypes.c_uint64))


def version() -> int:
    """The ABI that the kernel offers; 0 where it has no Landlock, or had it switched off when it was started."""
    try:
        return syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)
    except OSError as error:
        if error.errno in {errno.ENOSYS, errno.EOPNOTSUPP}:
            return 0
        raise


def guards_connections(abi: int) -> bool:
    """Whether an ABI bounds to which TCP ports a process may connect."""
    return abi >= _SINCE_TCP


def guards_signals(abi: int) -> bool:
    """Whether an ABI keeps a process from signals to others and from abstract sockets."""
    return abi >= _SINCE_SCOPES


def restrict(
    abi: int,
    readable: Iterable[Path],
    devices: Iterable[Path],
    tcp_ports: Iterable[int],
    listed: Iterable[Path] = (),
) -> None:
    """Leave this thread, and those that it starts, these alone; no_new_privs must be set.

    Paths that are away are left out. `readable`: files, and folders with all below them. `devices`: to read, write and
    control. `tcp_ports`: to connect to, from ABI 4 on. `listed`: folders whose names may be read, and of those below
    them. Raises OSError.
    """
    handled = _ALL_FILES[min(abi, max(_ALL_FILES))]
    ruleset = _Ruleset(
        files=handled,
        tcp=_BIND_TCP | _CONNECT_TCP if guards_connections(abi) else 0,
        scoped=_ABSTRACT_SOCKETS_AND_SIGNALS if guards_signals(abi) else 0,
    )
    rules = syscall(_CREATE_RULESET, ruleset, ctypes.sizeof(ruleset), 0)
    try:
        for path in readable:
            _allow(rules, path, Files.READ | Files.LIST)
        for path in listed:
            _allow(rules, path, Files.LIST)
        for path in devices:
            _allow(rules, path, (Files.READ | Files.WRITE | Files.CONTROL) & Files(handled))
        for port in tcp_ports if guards_connections(abi) else ():
            syscall(_ADD_RULE, rules, _NET_PORT, _Port(_CONNECT_TCP, port), 0)
        syscall(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _allow(rules: int, path: Path, rights: Files) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISDIR(os.fstat(place).st_mode):
                rights &= ~Files.LIST
            if not rights:
                return
            syscall(_ADD_RULE, rules, _PATH_BENEATH, _Beneath(rights, place), 0)
        finally:
            os.close(place)
