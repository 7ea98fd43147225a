"""What a verification found, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.cli.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.core.crypto import PublicKey
    from agent.core.events import Verification


@dataclass(frozen=True, slots=True)
class VerificationScope:
    """What the verdict rests on. `keys`: None when signatures were not checked.

    `ends`: whether the end itself is proven. `record`: what a record is called.
    """

    keys: Mapping[str, PublicKey] | None
    ends: bool = False
    record: str = "record"


def report_verdict(what: str, streams: Sequence[Verification], scope: VerificationScope) -> bool:
    """Print the verdict on each stream, flaws to standard error; whether all are whole."""
    if not streams:
        echo(f"{what}: whole, no events")
    for found in streams:
        if found.flaw is None:
            echo(f"{what}: {_praise(found, scope)}")
        else:
            flaw = found.flaw
            place = f"{scope.record} {flaw.index + 1}, event {flaw.seq or '?'}"
            echo(f"{what}: {place}: {flaw.fault}: {flaw.detail}", err=True)
            of_stream = f" of stream {found.first.stream}" if found.first is not None else ""
            echo(f"{what}: {found.proven} {scope.record}s before it{of_stream} are proven", err=True)
        signed = _signed(found, scope)
        if signed:
            echo(f"{what}: {signed}", err=found.flaw is not None)
    return all(found.whole for found in streams)


def _praise(found: Verification, scope: VerificationScope) -> str:
    if found.first is None or found.last is None:
        return "whole, no events"
    end = "" if scope.ends else f"; compare its end with what the gate says: {found.last.digest}"
    return f"whole, events {found.first.seq} to {found.last.seq} of stream {found.last.stream}{end}"


def _signed(found: Verification, scope: VerificationScope) -> str:
    """What is proven by signatures."""
    if found.last is None:
        return ""
    if scope.keys is None:
        return "signatures were not checked: no key was given (--public-key)"
    if found.signed is None:
        return "no checkpoint of the gate covers any of it yet"
    covered = f"signed by the gate up to event {found.signed.seq}"
    if found.last.seq <= found.signed.seq:
        return covered
    return f"{covered}; events {found.signed.seq + 1} to {found.last.seq} are not covered by a checkpoint yet"
