"""The public keys of releases, as the packages carry them: OpenPGP certificates, one armoured file each.

Gates check with gpgv (Debian 12) or sqv (Debian 13), which both read certificates one after the other, without armour.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

from tools.deb.project import ROOT
from tools.deb.targets import BuildError

if TYPE_CHECKING:
    from pathlib import Path

KEYS: Final = ROOT / "packaging" / "keyring"
KEYRING: Final = "gate-agent-archive-keyring.gpg"
"""The file's name, in a release and in /usr/share/keyrings: ".gpg", since apt of Debian 12 is used to that."""
_HEAD: Final = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
_TAIL: Final = "-----END PGP PUBLIC KEY BLOCK-----"
_NEW_FORM: Final = 0x40
_PUBLIC_KEY: Final = 6


def keyring(folder: Path) -> bytes:
    """All certificates of a folder's *.asc, in the order of their names; b"" where there are none.

    Raises BuildError for a file that is no public key, a private one above all.
    """
    return b"".join(_certificate(path) for path in sorted(folder.glob("*.asc")))


def _certificate(path: Path) -> bytes:
    """Take the armour off one file (RFC 9580, section 6.2)."""
    wanted = f"{path} must hold one public key, as written by: gpg --armor --export FINGERPRINT"
    try:
        lines = [line.rstrip() for line in path.read_text(encoding="ascii").strip().splitlines()]
    except UnicodeDecodeError as error:
        raise BuildError(wanted) from error
    if not lines or lines[0] != _HEAD or lines[-1] != _TAIL or lines.count(_HEAD) != 1 or "" not in lines:
        raise BuildError(wanted)
    # After the blank line; the last line, which begins with "=", is a checksum that readers may leave out of account.
    body = [line for line in lines[lines.index("") + 1 : -1] if not line.startswith("=")]
    try:
        content = base64.b64decode("".join(body), validate=True)
    except binascii.Error as error:
        raise BuildError(f"{wanted}: {error}") from error
    if not content or _packet_type(content[0]) != _PUBLIC_KEY:
        raise BuildError(wanted)
    return content


def _packet_type(head: int) -> int:
    """Which packet an OpenPGP packet's first byte begins (RFC 9580, section 4.2)."""
    return head & 0x3F if head & _NEW_FORM else (head & 0x3C) >> 2
