"""The configuration file of a central, `central.toml`: every key, its limits and what it means."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent.broker import BrokerAddress
from agent.settings import PydanticProblems, Schema, SettingsError, read
from central.database import Role

if TYPE_CHECKING:
    from agent.settings import Document

AMQP: Final = frozenset({"amqp", "amqps"})
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


def _broker(url: str) -> str:
    if urlsplit(url).scheme not in AMQP:
        try:
            BrokerAddress.parse(url)
        except ValueError:
            raise ValueError("expected mqtts://, mqtt://, amqps:// or amqp://, then host:port") from None
    elif not urlsplit(url).hostname or urlsplit(url).password:
        raise ValueError("expected amqps://host:port; user and password have keys of their own")
    return url


def _mqtt(url: str) -> str:
    try:
        BrokerAddress.parse(url)
    except ValueError:
        raise ValueError("expected mqtts://host:port or mqtt://host:port") from None
    return url


def _http(url: str) -> str:
    there = urlsplit(url)
    if there.scheme not in {"http", "https"} or not there.hostname or there.username is not None:
        raise ValueError("expected http:// or https://, then host:port/v1/traces; a token has a key of its own")
    return url


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("expected 1 to 32 of A-Z a-z 0-9 _ -, beginning with a letter or a digit")
    return name


def _database(url: str) -> str:
    if urlsplit(url).scheme not in {"postgresql", "postgres"}:
        raise ValueError("expected postgresql://user@host/database, or postgresql:///database for this computer's")
    if urlsplit(url).password:
        raise ValueError("a password has its place in ~/.pgpass or in PGPASSFILE, not here")
    return url


BrokerUrl = Annotated[str, AfterValidator(_broker)]
MqttUrl = Annotated[str, AfterValidator(_mqtt)]
Name = Annotated[str, AfterValidator(_name)]
DatabaseUrl = Annotated[str, AfterValidator(_database)]


class Table(BaseModel):
    """A table of the configuration: a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Central(Table):
    """Which central this is."""

    name: Name = Field(
        default="central", description="Name of this central; the broker keeps what waits for it under this name."
    )
    role: Role = Field(
        default=Role.ACKNOWLEDGE,
        description="acknowledge: the gates may forget what is stored here, one central for each gate; "
        "listen: it tells the gates nothing and asks for what it missed.",
    )


class Broker(Table):
    """The brokers, and how this central comes in."""

    urls: tuple[BrokerUrl, ...] = Field(min_length=1, description="The brokers' addresses, taken in turn.")
    ca: Path | None = Field(default=None, description="File with the certificates that the brokers' must lead to.")
    certificate: Path | None = Field(default=None, description="File with the certificate of this central.")
    key: Path | None = Field(default=None, description="File with the private key of that certificate.")
    user: str | None = Field(default=None, description="User name at the brokers, where they want one.")
    password_file: Path | None = Field(default=None, description="File with the password of that user.")
    gates: tuple[str, ...] = Field(default=(), description="Only these gates; empty: all.")
    queue: Name = Field(default="events", description="AMQP: the queue of the events, for which workers compete.")
    session_days: int = Field(
        default=7, ge=1, le=30, description="MQTT: for how long the broker keeps events while this central is away."
    )


class Database(Table):
    """The database."""

    url: DatabaseUrl = Field(description="Address of the PostgreSQL database.")
    keep_months: int = Field(
        default=24, ge=1, le=600, description="Whole months for which events and vehicles are kept after they are over."
    )
    keep_values_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Days for which personal values beside events are kept after their arrival; 0: as long "
        "as the events.",
    )


class Acknowledgements(Table):
    """How acknowledgements are signed."""

    key: Path = Field(description="File with the private key, made by gate-agent events ack-keygen.")
    kid: str = Field(default="central", min_length=1, max_length=64, description="Its id in the gates' mqtt.ack_keys.")


class Replay(Table):
    """How events that are missing are asked for."""

    broker: MqttUrl = Field(description="The broker for the commands; it speaks MQTT.")
    key: Path = Field(description="File with the private key that signs the commands, for replay alone.")
    kid: str = Field(min_length=1, max_length=64, description="Its id in the gates' commands.keys.")
    operator: str = Field(
        default="central", min_length=1, max_length=64, description="Who answers for it; goes into the gates' events."
    )
    after_s: int = Field(default=600, ge=60, le=86_400, description="For how long events must be missing.")


class Exporter(Table):
    """What Prometheus is served."""

    listen: str = Field(default="127.0.0.1", description="Address of this computer on which Prometheus is served.")
    port: int = Field(default=9109, ge=1, le=65_535, description="Port on which Prometheus is served.")
    most_gates: int = Field(
        default=2_000, ge=1, le=20_000, description="Gates that get series of their own; the others are counted only."
    )
    fresh_s: int = Field(default=10, ge=1, le=300, description="For how long one look at the database serves all.")


class Traces(Table):
    """Where vehicles are told as spans of OpenTelemetry."""

    url: Annotated[str, AfterValidator(_http)] = Field(
        description="Where the collector takes OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces."
    )
    ca: Path | None = Field(
        default=None, description="Certificates that the collector's must lead to; empty: the system's."
    )
    token_file: Path | None = Field(default=None, description="A file with the bearer token of the collector.")
    untraced: bool = Field(
        default=True, description="Whether vehicles are sent too whose declaration carries no trace."
    )


class CentralSettings(Table):
    """The whole file."""

    central: Central = Field(default_factory=Central, description="Which central this is.")
    broker: Broker = Field(description="The brokers, and how this central comes in.")
    database: Database = Field(description="The database.")
    acknowledgements: Acknowledgements | None = Field(default=None, description="How acknowledgements are signed.")
    replay: Replay | None = Field(default=None, description="How events that are missing are asked for.")
    exporter: Exporter = Field(default_factory=Exporter, description="What Prometheus is served.")
    traces: Traces | None = Field(default=None, description="Where vehicles are told as spans of OpenTelemetry.")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.central.role is Role.LISTEN and self.acknowledgements is not None:
            raise ValueError(
                'role "listen" acknowledges nothing: take the table [acknowledgements] out, or set role = "acknowledge"'
            )
        return self


def load_central(path: Path) -> CentralSettings:
    """Read and check the file; relative paths in it start at its folder.

    Raises:
        SettingsError: with all problems at once, each with its line.
    """
    document = read(path)
    if document.problems:
        raise SettingsError(document.problems)
    schema = Schema(CentralSettings, {})
    _anchor_paths(document, schema)
    problems = PydanticProblems(document, schema)
    wrong = problems.wrong_types()
    try:
        settings = CentralSettings.model_validate(document.data)
    except ValidationError as error:
        found = problems.from_pydantic(error.errors(include_url=False, include_input=False))
        meant = {problem.meant for problem in found if problem.meant}
        found = [one for one in found if one.key not in meant]  # it is there, by a misspelt name
        told = {problem.key for problem in found}
        raise SettingsError([*found, *(one for one in wrong if one.key not in told)]) from None
    if wrong:
        raise SettingsError(wrong)
    return settings


def _anchor_paths(document: Document, schema: Schema) -> None:
    """A service has no working directory to speak of."""
    for path, origin in list(document.origins.items()):
        if origin.file is None or not schema.is_file(path):
            continue
        table: Any = document.data
        for part in path[:-1]:
            table = table[part]
        if isinstance(table[path[-1]], str) and table[path[-1]]:
            table[path[-1]] = str(origin.file.path.parent.absolute() / table[path[-1]])
