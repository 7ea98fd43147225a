"""The command `gate-agent lists inspect`: what a part of a list says, and whether it holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from agent.broker import BrokerAddress, TlsFiles
from agent.cli import exit_codes
from agent.cli.lists import options  # noqa: TC001 - typer reads the annotations
from agent.cli.lists.part_inspector import InspectedPart, PartInspector
from agent.cli.permit.files import PermitFileError, read_roots, read_trust_list
from agent.cli.permit.view import moment
from agent.cli.secret_options import (
    BROKER_PASSWORD,
    PasswordFile,
    RefusedPassword,
    password_of,
)
from agent.cli.terminal import echo, fail
from agent.mqtt import OneShotClient, OneShotClientError
from agent.store.registry import PackError

_ZIP = b"PK"


def inspect(  # noqa: PLR0913, PLR0917 - one argument an option
    source: Annotated[
        str, typer.Argument(help="A pack, a file with one message, or with --broker a topic such as site/v1/7/lists/#.")
    ],
    site: Annotated[int | None, typer.Option(min=1, help="Number of the site; default: the one in the list.")] = None,
    trust_file: Annotated[
        Path | None,
        typer.Option("--trust-list", help="The trust list for the verification; default: the one in the pack."),
    ] = None,
    root_key: Annotated[
        list[str] | None, typer.Option(help="Public root key (hex). Without it, nothing is verified.")
    ] = None,
    broker: Annotated[
        str | None, typer.Option(help="Read a topic of this broker, mqtts://HOST:PORT or mqtt://HOST:PORT.")
    ] = None,
    wait: Annotated[float, typer.Option(min=0.1, help="Seconds without a message after which the command ends.")] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ca: options.CaFile = None,
    certificate: options.Certificate = None,
    certificate_key: options.CertificateKey = None,
    user: options.User = None,
    password_file: PasswordFile = None,
    _password: RefusedPassword = None,
) -> None:
    """Show the content of a head, a delta, a chunk, a trust list or a pack.

    Exit code 0 when everything is well-formed and, if a root key is given, valid; otherwise 1.
    """
    try:
        roots = read_roots(root_key or [])
        trust = read_trust_list(trust_file, roots) if trust_file is not None and roots else None
        inspector = PartInspector(roots, trust, site)
        if broker is not None:
            password = password_of(password_file, BROKER_PASSWORD)
            tls = TlsFiles(ca, certificate, certificate_key)
            with OneShotClient(BrokerAddress.parse(broker), tls=tls, user=user, password=password) as client:
                client.subscribe(source)
                heard = sorted(client.messages(wait), key=lambda message: not message.topic.endswith("/trust"))
            all_inspected = [inspector.part(message.topic, message.payload) for message in heard if message.payload]
        elif _is_zip(Path(source)):
            all_inspected = list(inspector.pack(Path(source)))
        else:
            all_inspected = [inspector.file(Path(source))]
    except (PermitFileError, PackError, OneShotClientError, ValueError) as error:
        fail("lists inspect", error)
    if as_json:
        echo(json.dumps([_fields(inspected) for inspected in all_inspected], ensure_ascii=False, indent=2))
    else:
        _show(all_inspected)
    raise typer.Exit(
        exit_codes.OK if all_inspected and all(inspected.sound for inspected in all_inspected) else exit_codes.FAILED
    )


def _is_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_ZIP)) == _ZIP
    except OSError as error:
        raise PermitFileError(f"{path} cannot be read: {error.strerror}") from None


def _fields(inspected: InspectedPart) -> dict[str, Any]:
    return {
        "name": inspected.name,
        "what": inspected.what,
        "sound": inspected.sound,
        "verdict": inspected.verdict,
    } | inspected.says


def _show(all_inspected: list[InspectedPart]) -> None:
    table = Table("part", "what", "says", "verdict", show_lines=True)
    for inspected in all_inspected:
        said = "\n".join(
            f"{name.removesuffix('_at')} {moment(value) if name.endswith('_at') else value}"
            for name, value in inspected.says.items()
        )
        table.add_row(
            inspected.name, inspected.what, said, inspected.verdict, style=None if inspected.sound else "bold red"
        )
    Console().print(table if all_inspected else "nothing was found")
