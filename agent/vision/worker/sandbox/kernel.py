"""Calls of the kernel that Python has no name for."""

from __future__ import annotations

import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def prctl(option: int, value: int) -> None:
    """Set one property of this process. Raises OSError."""
    if _libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        raise _error()


def syscall(number: int, *arguments: int | ctypes.Structure | None) -> int:
    """A call of the kernel by its number; structures are handed over by their address. Raises OSError."""
    handed = [ctypes.byref(each) if isinstance(each, ctypes.Structure) else _whole(each) for each in arguments]
    result: int = _libc.syscall(ctypes.c_long(number), *handed)
    if result < 0:
        raise _error()
    return result


def _whole(value: int | None) -> ctypes.c_long:
    return ctypes.c_long(value or 0)


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
