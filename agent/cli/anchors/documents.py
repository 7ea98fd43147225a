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
    ANCHOR_KEYS,
    AUTHORITIES,
    PROPOSAL_LIFE_S,
    ChangeDocument,
    SignedText,
    anchor_key,
    document_bytes,
    fingerprints,
    parsed_document,
    sign_document,
    told_of,
)
from agent.core.crypto import JwsError, SigningKey
from agent.core.events import time_text
from agent.core.model.printable import printable
from agent.settings import AnchorsUnusableError, anchors_folder, nearest, read_anchors, read_file
from drivers.text import reason

if TYPE_CHECKING:
    from pydantic import JsonValue

_PRIVATE: Final = 0o600
_HOURS_OF_CENTRAL: Final = 24 * 7
_KEYS: Final = (*map(anchor_key, ANCHOR_KEYS), *AUTHORITIES)
"""What a document can change, by its names there."""


def keygen(
    name: Annotated[str, typer.Argument(help="Name of the person, as in the console.")],
    out: Annotated[Path, typer.Argument(help="File for the private key; it must not exist yet.")],
) -> None:
    """Make a person's key for signing changes of trust anchors, and print the value for `anchors adopt --person`.

    Keep the file with that person, on a USB stick or a laptop, never on the gate.
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
        typer.Argument(
            help="A change: KEY=VALUE, with the value as TOML; KEY=@FILE reads certificates for mqtt.ca; KEY= "
            "removes the value."
        ),
    ],
    cause: Annotated[str, typer.Option(help="The reason, recorded in the gate's events.")],
    configuration: Annotated[
        Path,
        typer.Option(
            "--config", "-c", help="The configuration of this computer's gate.", show_default=str(DEFAULT_PATH)
        ),
    ] = DEFAULT_PATH,
    gate: Annotated[str | None, typer.Option(help="For central: id of the gate that the document is for.")] = None,
    number: Annotated[
        int | None,
        typer.Option(min=2, help="For central: number of the document, higher than the previous one for that gate."),
    ] = None,
    hours: Annotated[
        int | None,
        typer.Option(
            min=1, max=720, help="Hours for which the document is valid. Default: 168 for central, otherwise 24."
        ),
    ] = None,
) -> None:
    """Print a document that changes trust anchors. Sign it with `gate-agent anchors sign`.

    Without --gate, the document is for the gate of this computer, and people sign it. At central, give --gate and
    --number.
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
            fail(
                "anchors write", "the trust anchors of this gate are not locked yet; run: sudo gate-agent anchors adopt"
            )
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
    key: Annotated[Path, typer.Option(help="File of the private key that signs.")],
    signer: Annotated[
        str, typer.Option("--as", help="Who signs: person:NAME, or central:ID with the id of a command key.")
    ],
) -> None:
    """Sign a document that changes trust anchors, and print the signed text. Read the content that is shown first."""
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
    if key not in _KEYS:
        near = nearest(key, _KEYS)
        hint = f"did you mean {near}?" if near else f"expected one of {', '.join(_KEYS)}"
        raise typer.BadParameter(f"{printable(key)} is not a trust anchor; {hint}")
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
