"""The command `gate-agent permit renew`: the next version of a trust list."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import Annotated

import typer

from agent.cli.permit import view
from agent.cli.permit.common import HOUR_S, time_of
from agent.cli.permit.files import (
    PermitFileError,
    read_key,
    read_public_key,
    read_roots,
    read_trust_list,
    replace,
)
from agent.cli.terminal import echo, fail
from agent.core.permit import DAY_S, KeyStatus, Purpose, TrustEntry, TrustError, TrustList, trust
from central.issuing import KeyListError, renewed, with_key, with_status


def renew(  # noqa: PLR0913, PLR0917 - one argument an option
    trust_file: Annotated[Path, typer.Option("--trust-list", help="The trust list; the next version replaces it.")],
    root: Annotated[Path, typer.Option(help="The private root key, root.pem.")],
    signed_by: Annotated[
        list[str] | None,
        typer.Option(
            help="Public root key (hex) that signed the current version, if it is not the one of --root; repeat "
            "for more."
        ),
    ] = None,
    add: Annotated[
        Path | None, typer.Option(help="File of the public key to add: a .pub file of `permit keygen` or of an HSM.")
    ] = None,
    purpose: Annotated[Purpose, typer.Option(help="What the added key signs.")] = Purpose.PERMITS,
    issuer: Annotated[str, typer.Option(help="Name of the added key's issuer.")] = "",
    site: Annotated[
        list[int] | None, typer.Option(help="Site for which the added key is valid; repeat for more. Default: all.")
    ] = None,
    key_days: Annotated[int, typer.Option(min=1, max=3650, help="Days for which the added key is valid.")] = 90,
    disable: Annotated[
        str | None, typer.Option(help="Id (hex) of a key that gates must not accept until it is enabled again.")
    ] = None,
    revoke: Annotated[str | None, typer.Option(help="Id (hex) of a key that gates must never accept again.")] = None,
    enable: Annotated[str | None, typer.Option(help="Id (hex) of a disabled key that gates may accept again.")] = None,
    reason: Annotated[str, typer.Option(help="Why the key is disabled; recorded in the events of the gates.")] = "",
    list_days: Annotated[int, typer.Option(min=1, max=3650, help="Days for which the new version is valid.")] = 30,
) -> None:
    r"""Sign the next version of a trust list: add a key, or disable, revoke or enable one.

    Add an issuer's next key in good time: before the old key expires, by at least the longest validity of a permit.
    Both keys are valid in the meantime.

    Example:
      gate-agent permit renew --trust-list keys/trust-list.txt --root keys/root.pem \
          --add next/issuer.pub --issuer customs-7
    """
    now = time_of(None)
    changes = {KeyStatus.DISABLED: disable, KeyStatus.REVOKED: revoke, KeyStatus.ACTIVE: enable}
    try:
        key = read_key(root)
        old = read_trust_list(trust_file, [key.public, *read_roots(signed_by or [])])
        new = renewed(old, now, list_days * DAY_S)
        if add is not None:
            public = read_public_key(add)
            # An hour back, so that a gate whose clock is behind does not call a new key one of the future.
            times = now - HOUR_S, now + key_days * DAY_S
            entry = TrustEntry(public, public.key_id, issuer, tuple(site or ()), *times, purpose=purpose)
            new = with_key(new, entry)
        new = _changed(new, changes, reason)
        replace(trust_file, trust.seal(new, key) + b"\n")
    except (TrustError, KeyListError, PermitFileError) as error:
        fail("permit renew", error)
    echo(f"version {new.version}, valid until {view.moment(new.expires_at)}")
    for entry in new.entries:
        echo(view.key_line(entry))


def _changed(trusted: TrustList, changes: dict[KeyStatus, str | None], reason: str) -> TrustList:
    for status, name in changes.items():
        if name is not None:
            trusted = with_status(trusted, name, status, "" if status is KeyStatus.ACTIVE else reason)
    return trusted
