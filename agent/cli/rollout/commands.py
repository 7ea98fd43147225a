"""The commands `gate-agent fleet plan`, `apply` and `status`: a document for many gates, brought out in stages."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.broker import BrokerAddress, TlsFiles
from agent.cli import exit_codes
from agent.cli.permit.files import PermitFileError, read_key
from agent.cli.rollout.status_words import status_lines
from agent.cli.secret_options import BROKER_PASSWORD, PasswordFile, RefusedPassword, password_of
from agent.cli.terminal import counted, echo, fail
from agent.clock import Clock
from agent.i18n import Language, translate
from agent.mqtt import OneShotClient, OneShotClientError
from central.fleet import (
    PlanError,
    RolloutError,
    RolloutFile,
    RolloutPhase,
    RolloutRun,
    Signer,
    count_stage,
    read_plan,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from central.fleet import GateReports, RolloutPlan, RolloutState

AGAIN_AFTER_S = 2.0
QUIET_S = 2.0

_Plan = Annotated[Path, typer.Argument(help="The plan, a TOML file; see docs/fleet.md.")]
_State = Annotated[Path, typer.Option(help="File with the progress of the roll-out; created if it does not exist.")]


def plan(plan_file: _Plan) -> None:
    """Check a plan and its document, and show which gates each stage adds. Nothing is sent.

    Exit code 0 when the plan can be used.

    Example:
      gate-agent fleet plan plan.toml
    """
    try:
        found = read_plan(plan_file)
    except (PlanError, OSError) as error:
        fail("fleet plan", error)
    document = found.document(0, 1, 1.0)
    echo(f"{document.place}, digest {document.digest}")
    known: set[str] = set()
    for number, stage in enumerate(found.stages):
        gates = found.meant(number, {})
        new = [gate for gate in gates if gate not in known]
        known.update(gates)
        groups = f", and the groups {', '.join(stage.groups)}" if stage.groups else ""
        echo(f"stage {number + 1}: {counted(len(gates), 'gate')}{groups}; new: {', '.join(new) or 'none'}")


def apply(  # noqa: PLR0913, PLR0917 - one argument an option
    plan_file: _Plan,
    state: _State,
    broker: Annotated[str, typer.Option(help="The broker, mqtts://HOST:PORT or mqtt://HOST:PORT.")],
    key: Annotated[Path, typer.Option(help="File of the private key that signs fleet documents.")],
    kid: Annotated[str, typer.Option(help="Id of the key in fleet.keys of the gates.")],
    ca: Annotated[
        Path | None,
        typer.Option(help="Certificates of the authorities that may sign the broker's; default: the system's."),
    ] = None,
    certificate: Annotated[Path | None, typer.Option(help="The client certificate for the broker.")] = None,
    certificate_key: Annotated[Path | None, typer.Option(help="The private key of the client certificate.")] = None,
    user: Annotated[str | None, typer.Option(help="User name at the broker.")] = None,
    password_file: PasswordFile = None,
    _password: RefusedPassword = None,
    quiet: Annotated[
        float,
        typer.Option(min=0.1, help="Seconds without a message after which everything on the broker counts as read."),
    ] = QUIET_S,
) -> None:
    r"""Roll the document out to the gates, stage by stage, and wait for their reports.

    If the command is stopped or killed, run it again with the same --state: it continues. Exit code 0 when all stages
    are done, 1 when the roll-out stopped because too many gates failed, or had no result in the time of the plan. Gates
    that have the document then keep it, and no other gate gets it.

    Example:
      gate-agent fleet apply plan.toml --state roll-out.json --broker mqtt://127.0.0.1:1883 \
          --key fleet.pem --kid fleet-2027
    """
    try:
        found = read_plan(plan_file)
        file, signer = RolloutFile(state, found), Signer(read_key(key), kid)
        password = password_of(password_file, BROKER_PASSWORD)
        address, tls = BrokerAddress.parse(broker), TlsFiles(ca, certificate, certificate_key)
        file.read()
        ended = _stay(
            lambda: OneShotClient(address, tls=tls, user=user, password=password),
            lambda client: RolloutRun(found, file, signer, client, lambda: Clock().now().utc, echo),
            quiet,
        )
    except (PlanError, RolloutError, PermitFileError, ValueError, OSError) as error:
        fail("fleet apply", error)
    _show(found, *file.read(), Language.EN)
    raise typer.Exit(exit_codes.OK if ended.phase is RolloutPhase.DONE else exit_codes.FAILED)


def status(
    plan_file: _Plan,
    state: _State,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON, for programs.")] = False,
    language: Annotated[Language, typer.Option("--language", help="The language of the report.")] = Language.EN,
) -> None:
    """Show the progress of a roll-out, and the last report of each gate.

    The command does not ask the gates: it reads the file that `fleet apply` writes.

    Example:
      gate-agent fleet status plan.toml --state roll-out.json
    """
    try:
        found = read_plan(plan_file)
        kept = RolloutFile(state, found).read()
    except (PlanError, OSError) as error:
        fail("fleet status", error)
    if as_json:
        echo(json.dumps(_fields(found, *kept), indent=2))
    else:
        _show(found, *kept, language)


def _stay(
    connect: Callable[[], OneShotClient], make: Callable[[OneShotClient], RolloutRun], quiet_s: float
) -> RolloutState:
    """Go on over lost connections until the roll-out has ended."""
    pause = threading.Event()
    while True:
        try:
            with connect() as client:
                run = make(client)
                run.listen(quiet_s)
                return run.go_on()
        except OneShotClientError as error:
            echo(f"{error}; trying again in {AGAIN_AFTER_S:g} s", err=True)
        pause.wait(AGAIN_AFTER_S)


def _show(plan: RolloutPlan, state: RolloutState, reports: GateReports, language: Language) -> None:
    for line in status_lines(plan, state, reports):
        echo(translate(line, language))


def _fields(plan: RolloutPlan, state: RolloutState, reports: GateReports) -> dict[str, object]:
    count = count_stage(plan, state, reports.words, reports.groups)
    return {
        "name": state.name,
        "place": state.place,
        "digest": state.digest,
        "phase": state.phase.value,
        "stage": state.stage + 1,
        "stages": len(plan.stages),
        "version": state.version,
        "why": state.why,
        **asdict(count),
    }
