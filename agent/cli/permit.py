"""The commands `gate-agent permit`: keys, trust lists and permits, for the issuer's side and for a look at a code."""

from __future__ import annotations

import dataclasses
import json
import secrets
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from agent.cli import exits, permit_view
from agent.cli.permit_files import (
    PermitFileError,
    read_key,
    read_permit,
    read_roots,
    read_trust_list,
    replace,
    write_new,
    write_picture,
)
from agent.core.decision import Reason
from agent.core.permit import base45, claims, cose, trust, vin
from agent.core.permit.checks import GateContext, verify_permit
from agent.core.permit.claims import DECLARATION_DIGITS, DIRECTIONS, LANES, Direction, Permit
from agent.core.permit.fields import ClaimsError
from agent.core.permit.issue import DAY_S, Issuer, issue
from agent.core.permit.keys import Algorithm, KeyInvalidError, SigningKey
from agent.core.permit.opening import PREFIX
from agent.core.permit.trust import KeyStatus, TrustEntry, TrustError, TrustList
from agent.core.plates.formats import PlateKind, kinds_of, normalise
from agent.service.clock import Clock

app = typer.Typer(no_args_is_help=True, help="Make, look at and verify permits.")

HOUR_S = 3600
_PRIVATE = 0o600
_PUBLIC = 0o644

_Source = Annotated[
    str, typer.Argument(help='The text of the QR code, a file that holds it, or "-" for standard input.')
]
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_At = Annotated[str | None, typer.Option(help="Time in Unix seconds or ISO 8601; else the computer's clock.")]


@app.command()
def keygen(
    out: Annotated[Path, typer.Option(help="Folder for root.pem, issuer.pem and trust-list.txt; none may be there.")],
    issuer: Annotated[str, typer.Option(help="Name of the issuer, as it stands in every permit.")],
    site: Annotated[list[int] | None, typer.Option(help="Site where the key holds; again for more. Else all.")] = None,
    algorithm: Annotated[Algorithm, typer.Option(help="Algorithm of the issuer's key.")] = Algorithm.ED25519,
    key_days: Annotated[int, typer.Option(min=1, max=3650, help="How long the issuer's key holds.")] = 90,
    list_days: Annotated[int, typer.Option(min=1, max=3650, help="How long the trust list holds.")] = 30,
) -> None:
    """Make a root key, an issuer's key and the trust list that ties them.

    Prints the line for the gate's configuration. Keep root.pem offline: who has it decides whom the gates trust.
    """
    now = _time(None)
    try:
        root = SigningKey.from_seed(secrets.token_bytes(32))
        signer = Issuer(issuer, SigningKey.from_seed(secrets.token_bytes(32), algorithm), tuple(site or ()))
        # An hour back, so that a gate whose clock is behind does not call a new key one of the future.
        entry = signer.entry(now - HOUR_S, HOUR_S + key_days * DAY_S)
        text = trust.seal(TrustList(1, now, now + list_days * DAY_S, (entry,)), root)
        write_new(
            out,
            {
                "root.pem": (root.to_pem(), _PRIVATE),
                "issuer.pem": (signer.key.to_pem(), _PRIVATE),
                "trust-list.txt": (text + b"\n", _PUBLIC),
            },
        )
    except (KeyInvalidError, TrustError, PermitFileError) as error:
        _fail("keygen", error)
    typer.echo(f'root_keys = ["{root.public.raw.hex()}"]')


@app.command()
def renew(
    trust_file: Annotated[Path, typer.Option("--trust-list", help="The trust list; the next version replaces it.")],
    root: Annotated[Path, typer.Option(help="The private root key, root.pem.")],
    disable: Annotated[str | None, typer.Option(help="Id (hex) of a key that must not be accepted any more.")] = None,
    reason: Annotated[str, typer.Option(help="Why it is disabled; goes into the events of the gate.")] = "",
    list_days: Annotated[int, typer.Option(min=1, max=3650, help="How long the new version holds.")] = 30,
) -> None:
    """Sign the next version of a trust list, and disable a key in it where one is named."""
    now = _time(None)
    try:
        key = read_key(root)
        old = read_trust_list(trust_file, [key.public])
        entries = old.entries if disable is None else tuple(_disabled(old, disable, reason))
        new = TrustList(old.version + 1, now, now + list_days * DAY_S, entries)
        replace(trust_file, trust.seal(new, key) + b"\n")
    except (TrustError, PermitFileError) as error:
        _fail("renew", error)
    typer.echo(f"version {new.version}, valid until {permit_view.moment(new.expires_at)}")


@app.command("issue")
def issue_(  # noqa: PLR0913, PLR0917 - one argument an option
    key: Annotated[Path, typer.Option(help="The issuer's private key, issuer.pem.")],
    issuer: Annotated[str, typer.Option(help="Name of the issuer, as in the trust list.")],
    site: Annotated[int, typer.Option(help="Number of the site.")],
    declaration: Annotated[str, typer.Option(help="Declaration number, 18 digits; the ninth tells the direction.")],
    vin_: Annotated[str, typer.Option("--vin", help="Vehicle identification number.")],
    plate: Annotated[str | None, typer.Option(help="Plate; leave it out for a vehicle that has none.")] = None,
    plate_kind: Annotated[PlateKind | None, typer.Option(help="Kind of the plate; else the likeliest one.")] = None,
    energy: Annotated[int | None, typer.Option(min=1, max=5, help="Energy code of the declaration.")] = None,
    lane: Annotated[list[int] | None, typer.Option(min=1, max=LANES, help="Lane; again for more. Else any.")] = None,
    uses: Annotated[int, typer.Option(min=1, max=1000, help="How often it may be used.")] = 1,
    hours: Annotated[int, typer.Option(min=1, max=24 * 366, help="How long it holds.")] = 72,
    since: Annotated[str | None, typer.Option(help="From when it holds, Unix seconds or ISO 8601; else now.")] = None,
    permit_id: Annotated[str | None, typer.Option(help="Permit id, 16 hexadecimal digits; else a random one.")] = None,
    out: Annotated[Path | None, typer.Option(help="Picture of the QR code to write, .png or .svg.")] = None,
    module_px: Annotated[int, typer.Option(min=1, max=64, help="Pixels of one module of the picture.")] = 8,
) -> None:
    """Sign a permit, print its text, and draw its QR code."""
    begin = _time(since)
    try:
        signer = read_key(key)
        permit = Permit(
            permit_id=bytes.fromhex(permit_id) if permit_id else secrets.token_bytes(claims.PERMIT_ID_BYTES),
            issuer=issuer,
            key_id=signer.public.key_id,
            not_before=begin,
            expires_at=begin + hours * HOUR_S,
            issued_at=min(begin, _time(None)),
            declaration=_declaration(declaration),
            vin=vin_.strip().upper(),
            plate=normalise(plate) if plate else None,
            plate_kind=_plate_kind(plate, plate_kind),
            energy=energy,
            site=site,
            lane_mask=sum(1 << (number - 1) for number in set(lane or ())),
            direction=_direction(declaration),
            max_uses=uses,
        )
        text = issue(permit, signer)
        version = write_picture(out, text, module_px) if out else None
    except (ClaimsError, PermitFileError, ValueError) as error:
        _fail("issue", error)
    if vin.check_digit_differs(permit.vin):
        typer.echo(f"warning: the check digit of {permit.vin} should be {vin.check_digit(permit.vin)}", err=True)
    if version:
        typer.echo(f"{out}: QR code {version}, {len(text)} characters", err=True)
    typer.echo(text)


@app.command()
def inspect(source: _Source, as_json: _AsJson = False) -> None:
    """Show what a permit text says. Nothing is verified: anybody can write such a text."""
    try:
        signed = _parts(read_permit(source))
        permit = claims.decode(signed.payload, signed.key_id)
    except (PermitFileError, base45.Base45Error, cose.CoseError, ClaimsError) as error:
        _fail("inspect", error)
    if as_json:
        shown = {"verified": False, "algorithm": signed.algorithm, "permit": permit_view.permit_json(permit)}
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    Console().print(permit_view.permit_table(permit, "NOT VERIFIED: this is what the text says of itself"))


@app.command()
def verify(  # noqa: PLR0913, PLR0917 - one argument an option
    source: _Source,
    trust_file: Annotated[Path, typer.Option("--trust-list", help="The signed trust list.")],
    root_key: Annotated[list[str], typer.Option(help="Root public key in hex, as pinned at the gate; again for two.")],
    site: Annotated[int, typer.Option(help="Number of the site where it is shown.")],
    lane: Annotated[int, typer.Option(min=1, max=LANES, help="Number of the lane.")] = 1,
    direction: Annotated[Direction, typer.Option(help="Direction of the lane.")] = "export",
    at: _At = None,
    clock_skew_s: Annotated[int, typer.Option(min=0, help="Seconds that clocks may differ.")] = 60,
    as_json: _AsJson = False,
) -> None:
    """Make every check on a permit text that a gate makes before it looks at the plate and the ledger.

    Exit code 0 when all hold, 1 when one does not.
    """
    context = GateContext(site, lane, direction, clock_trusted=True, clock_skew_s=clock_skew_s)
    utc = _time(at)
    try:
        keys = read_trust_list(trust_file, read_roots(root_key))
        result = verify_permit(read_permit(source), context, keys, utc)
    except PermitFileError as error:
        _fail("verify", error)
    if as_json:
        typer.echo(json.dumps(permit_view.result_json(result), ensure_ascii=False, indent=2))
    else:
        console = Console()
        console.print(permit_view.checks_table(result))
        if result.permit is not None:
            console.print(permit_view.permit_table(result.permit, "signed claims"))
        console.print(f"{result.reason} at {permit_view.moment(utc)}", style="bold", markup=False, highlight=False)
    raise typer.Exit(exits.OK if result.reason is Reason.OK else exits.FAILED)


def _parts(text: bytes) -> cose.Signed:
    if not text.startswith(PREFIX):
        raise PermitFileError(f"the text does not begin with {PREFIX.decode()}")
    return cose.parse(base45.decode(text[len(PREFIX) :]))


def _disabled(trusted: TrustList, name: str, reason: str) -> list[TrustEntry]:
    wanted = name.lower()
    if all(entry.key_id.hex() != wanted for entry in trusted.entries):
        known = ", ".join(entry.key_id.hex() for entry in trusted.entries)
        raise PermitFileError(f"no key {name} in the trust list; there are {known or 'none'}")
    return [
        dataclasses.replace(entry, status=KeyStatus.DISABLED, reason=reason) if entry.key_id.hex() == wanted else entry
        for entry in trusted.entries
    ]


def _declaration(text: str) -> int:
    if len(text) != DECLARATION_DIGITS or not (text.isascii() and text.isdecimal()):
        raise PermitFileError(f"a declaration number has {DECLARATION_DIGITS} digits")
    return int(text)


def _direction(declaration: str) -> str:
    return DIRECTIONS[2] if declaration[8] == "1" else DIRECTIONS[1]


def _plate_kind(plate: str | None, kind: PlateKind | None) -> PlateKind | None:
    if plate is None:
        return kind
    found = kinds_of(plate)
    if kind is None and not found:
        raise PermitFileError("the plate has no known form; name its kind with --plate-kind")
    return kind or found[0]


def _time(text: str | None) -> int:
    if text is None:
        return int(Clock().now().utc)
    try:
        return int(text) if text.isdecimal() else int(datetime.fromisoformat(text).astimezone(UTC).timestamp())
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no time; give Unix seconds or 2026-11-24T08:00:00+08:00") from None


def _fail(command: str, error: Exception) -> NoReturn:
    typer.echo(f"gate-agent permit {command}: {error}", err=True)
    raise typer.Exit(exits.FAILED)
