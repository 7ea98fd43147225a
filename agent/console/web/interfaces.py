"""The addresses of this computer's network interfaces, as the kernel lists them in /proc (Linux, proc_net(5))."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# Not by netlink, as getifaddrs asks: the service may open no such socket.
FOLDER: Final = Path("/proc/self/net")
_V4: Final = re.compile(r"\|-- (?P<address>[\d.]+)\n\s+/32 host LOCAL")
_GLOBAL, _HOST = 0x00, 0x10
"""Scopes in if_inet6: an address of a link alone is of no use to a browser."""
_PASSING: Final = 0x01 | 0x08 | 0x20 | 0x40
"""Flags in if_inet6 (IFA_F_TEMPORARY, _DADFAILED, _DEPRECATED, _TENTATIVE): soon another, or not good."""


def v4_addresses(folder: Path = FOLDER) -> list[str]:
    """The IPv4 addresses; none where the kernel does not tell."""
    return sorted(set(_V4.findall(_text(folder / "fib_trie"))))


def v6_addresses(folder: Path = FOLDER) -> list[str]:
    """The IPv6 addresses that last; none where the kernel does not tell, or has no IPv6."""
    return sorted(_v6(_text(folder / "if_inet6")))


def _v6(text: str) -> Iterator[str]:
    for line in text.splitlines():
        digits, _, _, scope, flags, *_ = line.split()
        if int(scope, 16) in (_GLOBAL, _HOST) and not int(flags, 16) & _PASSING:
            yield str(IPv6Address(bytes.fromhex(digits)))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
