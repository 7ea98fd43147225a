"""The files of the permit commands: private keys, trust lists, permit texts."""

from __future__ import annotations

import csv
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agent.core.crypto import KeyInvalidError, PublicKey, SigningKey
from agent.core.permit import MAX_TEXT, TrustError, TrustList, load, parse, root_key
from central.issuing import Level, Symbol, picture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LONGEST_PERMIT_FILE = 4096
_PRIVATE = 0o600
"""Of private keys; and of pictures: a person who can read the picture of a permit has the permit."""
_PICTURES = frozenset({".png", ".svg"})


class PermitFileError(Exception):
    """A file cannot be read, written or used; the message names it and says why."""


def write_new(folder: Path, files: Mapping[str, tuple[bytes, int]]) -> None:
    """Write files, name to content and mode, into a folder that is made if need be and holds none of them yet.

    Each is readable as its mode says from its first byte on.

    Raises:
        PermitFileError: one is there already, and then nothing is written; or one cannot be written.
    """
    for name in files:
        if (folder / name).exists():
            raise PermitFileError(f"{folder / name} already exists; nothing was written")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, (data, mode) in files.items():
            handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, mode)  # also where the umask would give less
                file.write(data)
    except OSError as error:
        raise PermitFileError(f"{error.filename or folder} cannot be written: {error.strerror}") from None


def new_signing_key(path: Path) -> SigningKey:
    """Make an Ed25519 key and write its private half into a new file.

    Raises:
        PermitFileError: the file is there already, or cannot be written.
    """
    key = SigningKey.from_seed(secrets.token_bytes(32))
    write_new(path.parent, {path.name: (key.to_pem(), _PRIVATE)})
    return key


def replace(path: Path, data: bytes) -> None:
    """Write a file again, at once and whole, so that a reader sees the old or the new one.

    Raises:
        PermitFileError: it cannot be written.
    """
    fresh = path.with_name(path.name + ".new")
    try:
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise PermitFileError(f"{path} cannot be written: {error.strerror}") from None


def read_key(path: Path) -> SigningKey:
    """Read a private key.

    Raises:
        PermitFileError: there is none.
    """
    try:
        return SigningKey.from_pem(_read(path, _LONGEST_PERMIT_FILE))
    except KeyInvalidError as error:
        raise PermitFileError(f"{path}: {error}") from None


def read_trust_list(path: Path, roots: Sequence[PublicKey]) -> TrustList:
    """Read and verify a trust list.

    Raises:
        PermitFileError: there is none, or it is refused.
    """
    try:
        return load(_read(path, MAX_TEXT + 2), roots)
    except TrustError as error:
        raise PermitFileError(f"{path}: {error}") from None


def read_roots(texts: Sequence[str]) -> list[PublicKey]:
    """Read root keys as a configuration pins them.

    Raises:
        PermitFileError: one is none.
    """
    try:
        return [root_key(text) for text in texts]
    except KeyInvalidError as error:
        raise PermitFileError(f"the root key: {error}") from None


def read_permit(source: str) -> bytes:
    """Return the permit text that is given itself, or stands in a file, or comes on standard input for "-".

    One newline at its end, as editors leave it, is taken off.

    Raises:
        PermitFileError: there is no such file.
    """
    if (source.startswith("GP") and ":" in source[:4]) or parse.is_jws(source.encode("utf-8", "replace")):
        return source.encode("utf-8", "surrogateescape")
    data = (
        sys.stdin.buffer.read(_LONGEST_PERMIT_FILE + 1) if source == "-" else _read(Path(source), _LONGEST_PERMIT_FILE)
    )
    return data.removesuffix(b"\n").removesuffix(b"\r")


def write_picture(path: Path, text: str, level: Level, module_px: int) -> str:
    """Write the QR code of a text as PNG or SVG and return its version and level, "9-M".

    Raises:
        PermitFileError: another suffix, or it cannot be written.
    """
    if path.suffix.lower() not in _PICTURES:
        raise PermitFileError(f"{path}: the picture must be named .png or .svg")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _PRIVATE)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, _PRIVATE)
            file.write(picture(text, path.suffix.lower()[1:], level, module_px))
    except OSError as error:
        raise PermitFileError(f"{path} cannot be written: {error.strerror}") from None
    return Symbol.of(text, level).designator


def read_public_key(path: Path) -> PublicKey:
    """Read a public key.

    Raises:
        PermitFileError: there is none.
    """
    try:
        return PublicKey.from_pem(_read(path, _LONGEST_PERMIT_FILE))
    except KeyInvalidError as error:
        raise PermitFileError(f"{path}: {error}") from None


def read_driver_key(path: Path) -> bytes:
    """Read the site's secret for drivers' ids: hexadecimal digits.

    Raises:
        PermitFileError: there is none.
    """
    try:
        return bytes.fromhex(_read(path, _LONGEST_PERMIT_FILE).decode("ascii"))
    except ValueError:
        raise PermitFileError(f"{path}: expected hexadecimal digits, 32 or more") from None


def has_columns(path: Path, columns: Sequence[str]) -> bool:
    """Whether a CSV file is there that has these columns; False also where it cannot be read, which adding tells."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return next(csv.reader(file), []) == list(columns)
    except (OSError, UnicodeDecodeError, csv.Error):
        return False


def append_row(path: Path, columns: Sequence[str], row: Sequence[str]) -> bool:
    """Add a row to a CSV file, which is made with its header where it is not there; it is on the disk on return.

    Says whether it was added: not where a row with the same first cell is there already.

    Raises:
        PermitFileError: it has other columns, or cannot be read or written.
    """
    try:
        with path.open("a+", encoding="utf-8", newline="") as file:
            file.seek(0)
            text = file.read()
            rows = list(csv.reader(text.splitlines()))
            if rows and rows[0] != list(columns):
                raise PermitFileError(f"{path} has the columns {','.join(rows[0])[:80]}; expected {','.join(columns)}")
            if any(known[:1] == [row[0]] for known in rows[1:]):
                return False
            if text and not text.endswith("\n"):
                file.write("\n")
            csv.writer(file, lineterminator="\n").writerows([row] if rows else [columns, row])
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise PermitFileError(f"{path} cannot be written: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error):
        raise PermitFileError(f"{path} is not a CSV file in UTF-8") from None
    return True


def _read(path: Path, longest: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(longest + 1)
    except OSError as error:
        raise PermitFileError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > longest:
        raise PermitFileError(f"{path} has more than {longest} bytes")
    return data
