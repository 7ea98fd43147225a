"""The proof of a file of events, by itself or against the signature that was exported with it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.cli.events.export import SIGNATURE
from agent.cli.events.verification_report import VerificationScope, report_verdict
from agent.cli.terminal import echo
from agent.core.crypto import JwsError, JwsType, key_named_by
from agent.core.events import ChainFault, ChainFlaw, ExportStatement, Point, opened, verify, verify_streams

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from agent.core.crypto import PublicKey
    from agent.core.events import Verification


def check_file(file: Path, keys: Mapping[str, PublicKey] | None) -> bool:
    """Say what a file of events is worth; whether it is whole. Raises OSError."""
    signature = file.with_name(f"{file.name}{SIGNATURE}")
    if not signature.exists():
        with file.open("rb") as lines:
            return report_verdict(str(file), verify_streams(_records(lines), keys=keys), VerificationScope(keys))
    if keys is None:
        echo(f"{signature}: give --public-key, the key that the gate's own `gate-agent events key` prints", err=True)
        return False
    statement = _statement(signature, keys)
    if isinstance(statement, str):
        echo(f"{signature}: {statement}", err=True)
        return False
    if not report_verdict(str(file), [_verified(file, statement, keys)], VerificationScope(keys, ends=True)):
        return False
    echo(
        f"{file}: exactly what gate {statement.gate} exported and signed at {statement.time}: {statement.events} events"
    )
    return True


def _statement(signature: Path, keys: Mapping[str, PublicKey]) -> ExportStatement | str:
    """What was signed, or why it does not count."""
    text = signature.read_bytes().decode("ascii", "replace").removesuffix("\n")
    try:
        kid = key_named_by(text, JwsType.EXPORT)
        if kid not in keys:
            return f"{ChainFault.FOREIGN_KEY}: it is signed by key {kid}, given was {', '.join(keys)}"
        return opened(text, keys[kid], ExportStatement)
    except JwsError as error:
        return f"{ChainFault.SIGNATURE_INVALID}: {error}"


def _verified(file: Path, statement: ExportStatement, keys: Mapping[str, PublicKey]) -> Verification:
    """The verdict on the lines, which must begin and end as the statement says, and be its bytes."""
    anchor = Point(statement.stream, statement.first - 1, statement.prev)
    head = Point(statement.stream, statement.last, statement.digest)
    with file.open("rb") as lines:
        found = verify(_records(lines), anchor=anchor, head=head, keys=keys)
    if found.flaw is not None:
        return found
    with file.open("rb") as lines:
        same = hashlib.file_digest(lines, "sha256").hexdigest() == statement.sha256
    detail = "the events are as they were exported, but not all other bytes of the file: were line ends changed?"
    flaw = None if same else ChainFlaw(found.records - 1, statement.last, ChainFault.ALTERED, detail)
    return replace(found, flaw=flaw, signed=head)


def _records(lines: Iterator[bytes]) -> Iterator[bytes]:
    return (line.rstrip(b"\r\n") for line in lines)
