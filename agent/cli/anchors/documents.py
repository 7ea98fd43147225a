"""The commands `gate-agent anchors keygen | write | sign`: for the desks of those who change trust anchors."""

from __future__ import annotations

import json
import secrets
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from pydantic import ValidationError

from agent.cli.configuration import DEFAULT_PATH
from agent.cli.permit.files import PermitFileError, read_key, write_new
from agent.cli.terminal import echo, fail
from agent.clock import Clock
from agent.core.anchors import (
    PROPOSAL_LIFE_S,
    ChangeDocument,
    SignedText,
    document_bytes,
    fingerprints,
    parsed_document,
    sign_document,
    told_of,
)
from agent.core.crypto import JwsError, SigningKey
from agent.core.events import time_text
from agent.settings import AnchorsUnusableError, anchors_folder, read_anchors, read_file
from drivers.text import reason

if TYPE_CHECKING:
    from pydantic import JsonValue

_PRIVATE: Final = 0o600
_HOURS_OF_CENTRAL: Final = 24 * 7


def keygen(
    name: Annotated[str, typer.Argument(help="Name of the person, as in the console.")],
    out: Annotated[Path, typer.Argument(help="File for the private key; it must not exist yet.")],
) -> None:
    """Make the key with which a person signs changes of trust anchors, and print what `anchors adopt` is given.

    The file stays with that person, on a stick or a laptop, and never on the gate.
    """
    key = SigningKey.from_seed(secrets.token_bytes(32))
    try:
        write_new(out.parent, {out.name: (key.to_pem(), _PRIVATE)})
    except PermitFileError as error:
        fail("anchors keygen", error)
    echo(f"{name}={key.public.raw.hex()}")


def write(
    changes: Annotated[
        list[str],
        typer.Argument(help="KEY=VALUE, the value as TOML; KEY=@FILE for the certificates of mqtt.ca; KEY= for none."),
    ],
    cause: Annotated[str, typer.Option(help="Why; it goes into the gate's events.")],
    configuration: Annotated[
        Path, typer.Option("--config", "-c", help="The configuration of the gate here.", show_default=str(DEFAULT_PATH))
    ] = DEFAULT_PATH,
    gate: Annotated[str | None, typer.Option(help="For central: the id of the gate, which is elsewhere.")] = None,
    number: Annotated[
        int | None, typer.Option(min=2, help="For central: higher than any before for that gate.")
    ] = None,
    hours: Annotated[int | None, typer.Option(min=1, max=720, help="How many hours it is valid.")] = None,
) -> None:
    """Write a document that changes trust anchors, to be signed with `gate-agent anchors sign`; prints it.

    Without --gate it is for the gate of this computer, and for persons to sign.
    """
    if (gate is None) != (number is None):
        raise typer.BadParameter("expected --gate and --number together, for a document of central")
    now = int(Clock().now().utc)
    before: str | None = None
    if gate is None:
        try:
            found = read_anchors(anchors_folder(configuration))
        except AnchorsUnusableError as error:
            fail("anchors write", f"{error.filename}: {reason(error)}")
        if found is None:
            fail("anchors write", "this gate has no trust anchors of its own yet: gate-agent anchors adopt")
        gate, number, before = found.held.gate, found.held.number + 1, found.held.digest
    life_s = (hours * 3600) if hours else (_HOURS_OF_CENTRAL * 3600 if before is None else PROPOSAL_LIFE_S)
    try:
        document = ChangeDocument(
            gate=gate,
            number=number or 0,
            before=before,
            iat=now,
            exp=now + life_s,
            cause=cause,
            changes=dict(map(_pair, changes)),
        )
    except ValidationError as error:
        fail("anchors write", told_of(error))
    echo(document_bytes(document).decode())


def sign(
    document: Annotated[
        Path, typer.Argument(help='The document, or a text that someone else has signed; "-" reads standard input.')
    ],
    key: Annotated[Path, typer.Option(help="The private key that signs.")],
    signer: Annotated[str, typer.Option("--as", help="person:NAME, or central:ID of a command key.")],
) -> None:
    """Sign a document that changes trust anchors, and print the signed text. What it says is shown first: read it."""
    try:
        raw = sys.stdin.buffer.read() if str(document) == "-" else read_file(document)
        payload = _payload(raw.strip())
        found = parsed_document(payload)
        text = sign_document(payload, read_key(key), signer)
        SignedText.read(text)
        lines = [
            f"  {name} = {entry}"
            for name, value in found.changes.items()
            for entry in fingerprints(name, value) or ("none",)
        ]
    except (JwsError, PermitFileError, ValueError) as error:
        fail("anchors sign", error)
    except OSError as error:
        fail("anchors sign", f"{document}: {reason(error)}")
    echo(f"gate {found.gate}, number {found.number}: {found.cause}", err=True)
    of_now = "whatever the trust anchors are then" if found.before is None else f"for the digest {found.before}"
    echo(f"until {time_text(found.exp * 1000)}, {of_now}", err=True)
    for line in lines:
        echo(line, err=True)
    echo(text)


def _payload(raw: bytes) -> bytes:
    """The document itself, also of a signed text."""
    return raw if raw.startswith(b"{") else SignedText.read(raw.decode("ascii", "replace")).payload


def _pair(given: str) -> tuple[str, JsonValue]:
    key, mark, value = given.partition("=")
    if not mark:
        raise typer.BadParameter(f"expected KEY=VALUE, such as permits.root_keys='[\"...\"]', not {given!r}")
    if not value:
        return key, None
    if value.startswith("@"):
        return key, read_file(Path(value[1:])).decode("ascii", "replace")
    try:
        found: JsonValue = tomllib.loads(f"x = {value}")["x"]
        json.dumps(found)
    except (tomllib.TOMLDecodeError, TypeError):
        raise typer.BadParameter(f'{key}: expected a value as TOML, such as ["one", "two"]') from None
    return key, found
