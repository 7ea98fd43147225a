"""The command `gate-agent events verify`: the proof of a journal, of a file of events, or of what a gate is sending."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from agent.broker import BrokerAddress, TlsFiles, check_gate_id
from agent.cli import exit_codes
from agent.cli.events.common import failing, pinned
from agent.cli.events.file_check import check_file
from agent.cli.events.topic_check import Listening, check_topic
from agent.cli.events.verification_report import VerificationScope, report_verdict
from agent.cli.owner_rights import act_at
from agent.cli.secret_options import password_file_help, password_of, password_refusal
from agent.cli.terminal import echo
from agent.core.crypto import kid_of
from agent.store.gate_key import GateKeyError, read_gate_key
from agent.store.journal import JournalReader, is_database

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.crypto import PublicKey

DEFAULT_FOR_S = 60.0
PASSWORD_VARIABLE = "GATE_AGENT_BROKER_PASSWORD"  # noqa: S105 - the name of a variable


def verify_command(  # noqa: PLR0913 - each is an option
    what: Annotated[
        Path | None,
        typer.Argument(
            callback=act_at,
            help="A journal, or a file of events with one JSON event per line; its FILE.sig is checked too.",
        ),
    ] = None,
    *,
    public_key: Annotated[
        list[str] | None,
        typer.Option(
            help="The gate's public key (hex), as `gate-agent events key` prints it; repeat for a second one after"
            " a change of the key."
        ),
    ] = None,
    broker: Annotated[str | None, typer.Option(help="Listen to a gate instead: mqtts://HOST:PORT.")] = None,
    gate: Annotated[str | None, typer.Option(help="With --broker: the id of the gate.")] = None,
    ca: Annotated[Path | None, typer.Option(help="File with the CA certificates for the broker's certificate.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="A client certificate for the broker.")] = None,
    key: Annotated[
        Path | None, typer.Option("--certificate-key", "--key", help="The private key of the client certificate.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="User name at the broker.")] = None,
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help=password_file_help(PASSWORD_VARIABLE))
    ] = None,
    _password: Annotated[
        str | None, typer.Option("--password", hidden=True, callback=password_refusal(PASSWORD_VARIABLE))
    ] = None,
    for_s: Annotated[float, typer.Option("--for", min=0.1, help="Seconds to listen.")] = DEFAULT_FOR_S,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after this many different events.")] = None,
) -> None:
    """Verify that no event was altered, dropped or invented; report the first one. Exit code 0 if none was, else 1.

    The command checks the chain of hashes and every signature of the gate: with --public-key or, for a journal, with
    the gate.key in its folder. In a file without FILE.sig, lines that are missing at the end cannot be noticed.

    Example:
      gate-agent events verify /var/lib/gate-agent/journal.db
    """
    if (what is None) == (broker is None):
        raise typer.BadParameter("give either a journal or file, or --broker and --gate")
    keys = pinned(public_key) if public_key else None
    with failing():
        if what is not None:
            whole = _check_journal(what, keys) if is_database(what) else check_file(what, keys)
        else:
            whole = check_topic(
                _listening(broker, gate, (ca, certificate, key)),
                (user, password_of(password_file, PASSWORD_VARIABLE)),
                (for_s, count),
                keys,
            )
    if not whole:
        raise typer.Exit(exit_codes.FAILED)


def _listening(broker: str | None, gate: str | None, files: tuple[Path | None, Path | None, Path | None]) -> Listening:
    if broker is None or gate is None:
        raise typer.BadParameter("--broker needs --gate")
    try:
        return Listening(BrokerAddress.parse(broker), TlsFiles(*files), check_gate_id(gate))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _check_journal(journal: Path, keys: Mapping[str, PublicKey] | None) -> bool:
    if keys is None:
        keys = _key_beside(journal)
    with JournalReader(journal) as reader:
        whole = report_verdict(str(journal), [reader.verify(keys)], VerificationScope(keys, ends=True))
        trouble = reader.trouble_with_pages()
    if trouble:
        echo(f"{journal}: the file is damaged: {trouble}", err=True)
    return whole and not trouble


def _key_beside(journal: Path) -> Mapping[str, PublicKey] | None:
    """The gate's own key, where it can be read; a bad one is said and is no obstacle to the rest of the proof."""
    try:
        key = read_gate_key(journal.absolute().parent).public
    except FileNotFoundError:
        return None
    except GateKeyError as error:
        echo(f"gate-agent events: {error}", err=True)
        return None
    return {kid_of(key): key}
