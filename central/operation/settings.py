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
        raise ValueError("expected amqps://host:port; set user and password_file in their own keys")
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
        raise ValueError("expected http:// or https://, then host:port/v1/traces; set the token in token_file")
    return url


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("expected 1 to 32 of A-Z a-z 0-9 _ -, beginning with a letter or a digit")
    return name


def _database(url: str) -> str:
    if urlsplit(url).scheme not in {"postgresql", "postgres"}:
        raise ValueError("expected postgresql://user@host/database, or postgresql:///database for this computer's")
    if urlsplit(url).password:
        raise ValueError("do not write the password here: put it into ~/.pgpass or the file of PGPASSFILE")
    return url


BrokerUrl = Annotated[str, AfterValidator(_broker)]
MqttUrl = Annotated[str, AfterValidator(_mqtt)]
Name = Annotated[str, AfterValidator(_name)]
DatabaseUrl = Annotated[str, AfterValidator(_database)]


class Table(BaseModel):
    """A table of the configuration: a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Central(Table):
    """Name and role of this central system."""

    name: Name = Field(
        default="central",
        description="Name of this central system. The broker keeps the waiting events under this name: two systems "
        "need two names.",
    )
    role: Role = Field(
        default=Role.ACKNOWLEDGE,
        description="acknowledge: acknowledges stored events, so that the gates may delete them; one central system "
        "for each gate. listen: stores events and requests missing ones, but acknowledges nothing.",
    )


class Broker(Table):
    """The brokers, and how this central system connects to them."""

    urls: tuple[BrokerUrl, ...] = Field(min_length=1, description="Addresses of the brokers, tried in turn.")
    ca: Path | None = Field(default=None, description="File with the CA certificates for the brokers' certificates.")
    certificate: Path | None = Field(
        default=None, description="File with the client certificate of this central system."
    )
    key: Path | None = Field(default=None, description="File with the private key of that certificate.")
    user: str | None = Field(default=None, description="User name at the brokers, if they need one.")
    password_file: Path | None = Field(default=None, description="File with the password of that user.")
    gates: tuple[str, ...] = Field(
        default=(), description="Ids of the gates whose events are stored; empty: all gates."
    )
    queue: Name = Field(default="events", description="AMQP: name of the queue of the events, which the workers share.")
    session_days: int = Field(
        default=7,
        ge=1,
        le=30,
        description="MQTT: days for which the broker keeps events while this central system is not connected.",
    )


class Database(Table):
    """The database."""

    url: DatabaseUrl = Field(description="Address of the PostgreSQL database.")
    keep_months: int = Field(
        default=24,
        ge=1,
        le=600,
        description="Number of whole months, after the current one, for which events and vehicles are kept.",
    )
    keep_values_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Days for which the personal values of events are kept after their arrival; 0: as long as the "
        "events.",
    )


class Acknowledgements(Table):
    """How acknowledgements are signed."""

    key: Path = Field(description="File with the private key, from gate-agent events ack-keygen.")
    kid: str = Field(
        default="central", min_length=1, max_length=64, description="Id of the key in mqtt.ack_keys of the gates."
    )


class Replay(Table):
    """How missing events are requested."""

    broker: MqttUrl = Field(description="Address of the MQTT broker for the commands.")
    key: Path = Field(
        description="File with the private key that signs the commands. Use a key that may only sign replay."
    )
    kid: str = Field(min_length=1, max_length=64, description="Id of the key in commands.keys of the gates.")
    operator: str = Field(
        default="central",
        min_length=1,
        max_length=64,
        description="Who is responsible for the commands; recorded in the gates' events.",
    )
    after_s: int = Field(
        default=600, ge=60, le=86_400, description="Seconds for which events must be missing before they are requested."
    )


class Exporter(Table):
    """Metrics for Prometheus."""

    listen: str = Field(default="127.0.0.1", description="Address of this computer at which the metrics are served.")
    port: int = Field(default=9109, ge=1, le=65_535, description="Port at which the metrics are served.")
    most_gates: int = Field(
        default=2_000,
        ge=1,
        le=20_000,
        description="Maximum number of gates with metrics of their own; further gates are only counted.",
    )
    fresh_s: int = Field(
        default=10,
        ge=1,
        le=300,
        description="Seconds for which the metrics of one query to the database are served again.",
    )


class Traces(Table):
    """The OpenTelemetry collector that gets a span for each vehicle."""

    url: Annotated[str, AfterValidator(_http)] = Field(
        description="Address of the collector, OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces."
    )
    ca: Path | None = Field(
        default=None,
        description="File with the CA certificates for the collector's certificate; empty: the certificates of the "
        "system.",
    )
    token_file: Path | None = Field(default=None, description="File with the bearer token for the collector.")
    untraced: bool = Field(
        default=True, description="Whether vehicles without a trace in their declaration are sent too."
    )


class CentralSettings(Table):
    """The whole file."""

    central: Central = Field(default_factory=Central, description="Name and role of this central system.")
    broker: Broker = Field(description="The brokers, and how this central system connects to them.")
    database: Database = Field(description="The database.")
    acknowledgements: Acknowledgements | None = Field(default=None, description="How acknowledgements are signed.")
    replay: Replay | None = Field(default=None, description="How missing events are requested.")
    exporter: Exporter = Field(default_factory=Exporter, description="Metrics for Prometheus.")
    traces: Traces | None = Field(
        default=None, description="The OpenTelemetry collector that gets a span for each vehicle."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.central.role is Role.LISTEN and self.acknowledgements is not None:
            raise ValueError(
                'role "listen" acknowledges nothing: remove the table [acknowledgements], or set role = "acknowledge"'
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
