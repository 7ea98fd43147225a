"""The register of one site: tokens, certificates that were issued, and what was revoked; one SQLite file."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from agent.service.cleanup import on_failure
from agent.store.transaction import transaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME: Final = "est.db"
SCHEMA_VERSION: Final = 1
FOLDER_MODE: Final = 0o711
"""Brokers read the revocation list in the folder, as other users: they may pass, and see nothing else."""
FILE_MODE: Final = 0o600

_SCHEMA: Final = """
CREATE TABLE site (number INTEGER NOT NULL, crl_number INTEGER NOT NULL);
CREATE TABLE token (
    digest BLOB PRIMARY KEY, gate TEXT NOT NULL, made_at REAL NOT NULL, expires_at REAL NOT NULL,
    used_at REAL, key_info BLOB, certificate BLOB
) WITHOUT ROWID;
CREATE TABLE certificate (
    serial TEXT PRIMARY KEY, gate TEXT NOT NULL, begins_at REAL NOT NULL, ends_at REAL NOT NULL, issued_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE revoked_certificate (serial TEXT PRIMARY KEY, gate TEXT NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE revoked_gate (gate TEXT PRIMARY KEY, at REAL NOT NULL, cause TEXT NOT NULL) WITHOUT ROWID
"""


class RegisterError(Exception):
    """The register cannot be used; the message names the file and says why."""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as it is kept. Times are Unix seconds. `key_info`, `certificate`: what it was used for (DER)."""

    gate: str
    made_at: float
    expires_at: float
    used_at: float | None
    key_info: bytes | None
    certificate: bytes | None


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A certificate that was issued. Times are Unix seconds. `revoked_at`: None for one that holds."""

    serial: int
    gate: str
    begins_at: float
    ends_at: float
    issued_at: float
    revoked_at: float | None


class Register:
    """The open file. For all threads; another process may read and write at the same time.

    Everything raises RegisterError where the file cannot be read or written.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._lock = threading.RLock()

    @classmethod
    def open(cls, folder: Path, site: int) -> Self:
        """Open the register of a folder for this site, made with the folder where there is none."""
        path = folder / NAME
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
            path.touch(FILE_MODE)
            connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise RegisterError(f"{path} cannot be opened: {error}") from error
        register = cls(path, connection)
        with on_failure(connection.close):
            register._prepare(site)
        return register

    def _prepare(self, site: int) -> None:
        with self._translated():
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
        with self.changing():
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    self._connection.execute(statement)
                self._connection.execute("INSERT INTO site VALUES (?, 0)", (site,))
                self._connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
            elif version != SCHEMA_VERSION:
                raise RegisterError(f"{self._path} was written by another release of this program ({version})")
            (kept,) = self._connection.execute("SELECT number FROM site").fetchone()
        if kept != site:
            raise RegisterError(f"{self._path} is the register of site {kept}: use another folder for site {site}")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """All that is done within becomes durable at its end, or nothing of it. Other threads and processes wait."""
        with self._translated(), transaction(self._connection):
            yield

    # --------------------------------------------------------------------------------------------------------- tokens

    def add_token(self, digest: bytes, gate: str, now: float, expires_at: float) -> None:
        """Keep a new token for this gate."""
        row = (digest, gate, now, expires_at)
        with self.changing():
            self._connection.execute("INSERT INTO token VALUES (?, ?, ?, ?, NULL, NULL, NULL)", row)

    def token(self, digest: bytes) -> TokenRow | None:
        """The token with this digest; None where none is kept."""
        with self._translated():
            row = self._connection.execute(
                "SELECT gate, made_at, expires_at, used_at, key_info, certificate FROM token WHERE digest = ?",
                (digest,),
            ).fetchone()
        return None if row is None else TokenRow(*row)

    def use_token(self, digest: bytes, now: float, key_info: bytes, certificate: bytes) -> None:
        """Note what a token was used for. Within `changing`."""
        self._connection.execute(
            "UPDATE token SET used_at = ?, key_info = ?, certificate = ? WHERE digest = ?",
            (now, key_info, certificate, digest),
        )

    def tokens(self) -> list[TokenRow]:
        """All tokens, the newest last."""
        with self._translated():
            rows = self._connection.execute(
                "SELECT gate, made_at, expires_at, used_at, key_info, certificate FROM token ORDER BY made_at"
            ).fetchall()
        return [TokenRow(*row) for row in rows]

    # --------------------------------------------------------------------------------------------------- certificates

    def add_certificate(self, row: CertificateRow) -> None:
        """Note a certificate that is about to be given out. Within `changing`."""
        self._connection.execute(
            "INSERT INTO certificate VALUES (?, ?, ?, ?, ?)",
            (f"{row.serial:x}", row.gate, row.begins_at, row.ends_at, row.issued_at),
        )

    def certificates(self) -> list[CertificateRow]:
        """All certificates that were issued, the newest last."""
        with self._translated():
            rows = self._connection.execute(
                "SELECT c.serial, c.gate, c.begins_at, c.ends_at, c.issued_at, r.at FROM certificate c"
                " LEFT JOIN revoked_certificate r USING (serial) ORDER BY c.issued_at"
            ).fetchall()
        return [CertificateRow(int(serial, 16), *others) for serial, *others in rows]

    # ------------------------------------------------------------------------------------------------------ revocation

    def revoke(self, gate: str, now: float, cause: str, others: tuple[int, ...] = ()) -> list[int]:
        """Revoke a gate: all certificates that it was given, its tokens that were not used, and `others` by number.

        Returns the serial numbers that were not revoked before.
        """
        with self.changing():
            known = self._connection.execute("SELECT serial FROM certificate WHERE gate = ?", (gate,)).fetchall()
            fresh = {serial for (serial,) in known} | {f"{serial:x}" for serial in others}
            held = {serial for (serial,) in self._connection.execute("SELECT serial FROM revoked_certificate")}
            self._connection.executemany(
                "INSERT INTO revoked_certificate VALUES (?, ?, ?)",
                [(serial, gate, now) for serial in sorted(fresh - held)],
            )
            self._connection.execute("INSERT OR REPLACE INTO revoked_gate VALUES (?, ?, ?)", (gate, now, cause))
            self._connection.execute("DELETE FROM token WHERE gate = ? AND used_at IS NULL", (gate,))
        return sorted(int(serial, 16) for serial in fresh - held)

    def revoked_at(self, gate: str, serial: int, begins_at: float) -> float | None:
        """Since when a certificate is revoked; None: it is not.

        One that this register has not issued is, where its gate was revoked after it began.
        """
        with self._translated():
            by_number = self._connection.execute(
                "SELECT at FROM revoked_certificate WHERE serial = ?", (f"{serial:x}",)
            ).fetchone()
            issued_here = self._connection.execute(
                "SELECT 1 FROM certificate WHERE serial = ?", (f"{serial:x}",)
            ).fetchone()
            by_gate = self._connection.execute(
                "SELECT at FROM revoked_gate WHERE gate = ? AND at >= ?", (gate, begins_at)
            ).fetchone()
        if by_number is not None:
            return float(by_number[0])
        return float(by_gate[0]) if by_gate is not None and issued_here is None else None

    def revoked(self) -> list[tuple[int, float]]:
        """All serial numbers that were revoked, and when."""
        with self._translated():
            rows = self._connection.execute("SELECT serial, at FROM revoked_certificate ORDER BY at, serial").fetchall()
        return [(int(serial, 16), at) for serial, at in rows]

    def next_crl_number(self) -> int:
        """The number of the next revocation list, which nobody gets a second time."""
        with self.changing():
            (number,) = self._connection.execute(
                "UPDATE site SET crl_number = crl_number + 1 RETURNING crl_number"
            ).fetchone()
        return int(number)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise RegisterError(f"{self._path} cannot be used: {error}") from error
