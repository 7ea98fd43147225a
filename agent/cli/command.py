"""The commands `gate-agent command`: keys, signing and sending, for those who build the central side."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.broker import BrokerAddress, TlsFiles, check_gate_id
from agent.cli import exit_codes
from agent.cli.permit.files import PermitFileError, new_signing_key, read_key
from agent.cli.secret_options import BROKER_PASSWORD, PasswordFile, RefusedPassword, password_of
from agent.cli.terminal import echo, fail
from agent.clock import Clock
from agent.core.commands import CommandInvalidError, make, make_for_group, sign
from agent.core.model import CommandName
from agent.mqtt import OneShotClient, OneShotClientError
from central.command_client import CommandClient, CommandClientError
from central.group_command_client import GroupCommandClient

if TYPE_CHECKING:
    from agent.core.commands import CommandBody, GroupBody

app = typer.Typer(no_args_is_help=True, help="Sign and send commands to gates.")

LIFE_S = 30

_Name = Annotated[CommandName, typer.Argument(help="The command.", show_choices=True)]
_Key = Annotated[Path, typer.Option(help="File of the private key that signs, from `command keygen`.")]
_Kid = Annotated[str, typer.Option(help="Id of the key in commands.keys of the gate.")]
_Gate = Annotated[str | None, typer.Option(help="The gate's id.")]
_Group = Annotated[
    str | None,
    typer.Option(
        help="A group of gates, as in their fleet.groups, instead of --gate. Only for commands that move nothing."
    ),
]
_Operator = Annotated[str, typer.Option(help="Who gives the command; recorded in the gate's events.")]
_Cause = Annotated[str, typer.Option(help="The reason, recorded in the gate's events.")]
_Lane = Annotated[str | None, typer.Option(help="Name of the lane, for commands to a lane and for snapshot.")]
_Arguments = Annotated[
    list[str] | None,
    typer.Option(
        "--argument", "-a", help="An argument as NAME=VALUE; repeat for more. Separate items of a list with commas."
    ),
]
_Counter = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Number of the command, higher than in all earlier commands of this key; default: Unix milliseconds.",
    ),
]
_Life = Annotated[int, typer.Option(min=1, max=3600, help="Seconds for which the command is valid.")]


@app.command()
def keygen(out: Annotated[Path, typer.Argument(help="File for the private key; it must not exist yet.")]) -> None:
    """Make an Ed25519 key that signs commands, and print its public half for gate.toml."""
    try:
        key = new_signing_key(out)
    except PermitFileError as error:
        fail("command keygen", error)
    echo(f'public_key = "{key.public.raw.hex()}"')


@app.command("sign")
def sign_(  # noqa: PLR0913, PLR0917 - one argument an option
    name: _Name,
    key: _Key,
    kid: _Kid,
    operator: _Operator,
    cause: _Cause,
    gate: _Gate = None,
    group: _Group = None,
    challenge: Annotated[
        str | None, typer.Option(help="The challenge in the gate's current status; not for a group.")
    ] = None,
    lane: _Lane = None,
    argument: _Arguments = None,
    counter: _Counter = None,
    life: _Life = LIFE_S,
) -> None:
    """Sign a command and print it: the payload to publish to gate/v1/GATE/cmd/NAME, QoS 1, not retained.

    For a group: to gate/v1/group/GROUP/cmd/NAME.
    """
    audience = _audience(gate, group)
    if gate is not None and challenge is None:
        raise typer.BadParameter(
            "a command to a gate needs the challenge of its current status", param_hint="--challenge"
        )
    order = _Order(name, key, kid, audience, operator, cause, lane, argument or [], counter, life)
    try:
        text = order.signed_for_group()[1] if gate is None else order.signed(challenge or "")[1]
    except (CommandInvalidError, PermitFileError, ValueError) as error:
        fail("command sign", error)
    echo(text)


@app.command()
def send(  # noqa: PLR0913, PLR0917 - one argument an option
    name: _Name,
    broker: Annotated[str, typer.Option(help="The broker, mqtts://HOST:PORT or mqtt://HOST:PORT.")],
    key: _Key,
    kid: _Kid,
    operator: _Operator,
    cause: _Cause,
    gate: _Gate = None,
    group: _Group = None,
    lane: _Lane = None,
    argument: _Arguments = None,
    counter: _Counter = None,
    life: _Life = LIFE_S,
    ca: Annotated[
        Path | None,
        typer.Option(help="Certificates of the authorities that may sign the broker's; default: the system's."),
    ] = None,
    certificate: Annotated[Path | None, typer.Option(help="The client certificate for the broker.")] = None,
    certificate_key: Annotated[Path | None, typer.Option(help="The private key of the client certificate.")] = None,
    user: Annotated[str | None, typer.Option(help="User name at the broker.")] = None,
    password_file: PasswordFile = None,
    _password: RefusedPassword = None,
    timeout: Annotated[
        float,
        typer.Option(
            min=1, help="Seconds to wait for the gate's status and for its answer; for a group, for all answers."
        ),
    ] = 40.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    r"""Ask the gate for its challenge, sign a command, send it, and wait for the result.

    A command to a group has no challenge, and every gate answers separately. Exit code 0 when every gate that answered
    has done it; 1 otherwise, also when no gate answered.

    Example:
      gate-agent command send snapshot -a camera=front --lane exit-1 --gate gate-7 \
          --broker mqtt://127.0.0.1:1883 --key command.pem --kid central-2027 \
          --operator ivanova --cause "check the camera"
    """
    audience = _audience(gate, group)
    order = _Order(name, key, kid, audience, operator, cause, lane, argument or [], counter, life)
    try:
        # What is wrong with the order is told before the gate is asked for its challenge.
        text = order.signed_for_group()[1] if gate is None else order.signed("none yet")[1]
        password = password_of(password_file, BROKER_PASSWORD)
        tls = TlsFiles(ca, certificate, certificate_key)
        with OneShotClient(BrokerAddress.parse(broker), tls=tls, user=user, password=password) as client:
            if gate is None:
                results = GroupCommandClient(client, str(group), timeout).run(name.value, text, life)
            else:
                results = {gate: CommandClient(client, gate, timeout).run(name.value, order.signed, life)}
    except (CommandInvalidError, PermitFileError, OneShotClientError, CommandClientError, ValueError) as error:
        fail("command send", error)
    if not results:
        fail("command send", f"no gate of the group {group} has answered within {timeout:g} s")
    if as_json:
        echo(json.dumps(results if gate is None else results[gate], ensure_ascii=False, indent=2))
    else:
        echo("\n".join(_result_text(name, result) for name, result in results.items()))
    done = all(result.get("result") == "done" for result in results.values())
    raise typer.Exit(exit_codes.OK if done else exit_codes.FAILED)


def _audience(gate: str | None, group: str | None) -> dict[str, str]:
    """Who is to obey: exactly one of the two."""
    if (gate is None) == (group is None):
        raise typer.BadParameter("give either --gate or --group", param_hint="--gate")
    return {"group": group} if gate is None and group is not None else {"gate": str(gate)}


class _Order:
    """What is to be ordered; signed again for each challenge, under one id.

    The answer that the challenge was wrong is not signed: a broker that made it up would have two commands of an order.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - one argument an option
        self,
        name: CommandName,
        key: Path,
        kid: str,
        audience: dict[str, str],
        operator: str,
        cause: str,
        lane: str | None,
        arguments: list[str],
        counter: int | None,
        life_s: int,
    ) -> None:
        self._name, self._key, self._kid, self._counter, self._life_s = name, key, kid, counter, life_s
        self._id = str(uuid.uuid4())
        self._fields: dict[str, Any] = {
            **audience,
            "operator": operator,
            "cause": cause,
            "lane": lane,
            "arguments": dict(_pair(argument) for argument in arguments) or None,
        }

    def signed(self, challenge: str) -> tuple[CommandBody, str]:
        """The body and the JWS. Raises CommandInvalidError, PermitFileError, ValueError."""
        check_gate_id(str(self._fields["gate"]))
        utc = Clock().now().utc
        fields = {**self._fields, "challenge": challenge, "counter": self._counter_at(utc)}
        body = make(self._name, fields, utc=int(utc), life_s=self._life_s, command_id=self._id)
        return body, sign(body, read_key(self._key), self._kid)

    def signed_for_group(self) -> tuple[GroupBody, str]:
        """As `signed`, for a group."""
        utc = Clock().now().utc
        fields = {**self._fields, "counter": self._counter_at(utc)}
        body = make_for_group(self._name, fields, utc=int(utc), life_s=self._life_s, command_id=self._id)
        return body, sign(body, read_key(self._key), self._kid)

    def _counter_at(self, utc: float) -> int:
        return round(utc * 1000) if self._counter is None else self._counter


def _pair(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found or not name:
        raise typer.BadParameter(f"{text!r} is not of the form NAME=VALUE", param_hint="--argument")
    return name, value


def _result_text(gate: str, result: dict[str, Any]) -> str:
    code = f" ({result['code']})" if result.get("code") else ""
    lines = [f"{gate}: {result.get('name')}: {result.get('result')}{code}", result.get("detail")]
    lines += [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in result.get("data", {}).items()]
    return "\n".join(str(line) for line in lines if line)
