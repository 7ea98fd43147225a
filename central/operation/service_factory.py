"""The parts of the services, made from the configuration."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.broker import BrokerAddress, TlsFiles
from agent.core.crypto import Algorithm, KeyInvalidError, SigningKey
from agent.mqtt import OneShotClient
from central.consumer import AckKey, AmqpSource, BrokerOptions, MqttSource, ReplayKey
from central.operation.settings import AMQP
from central.traces import CollectorClient

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from central.consumer import Source
    from central.operation.settings import CentralSettings

_LONGEST = 4_096


class KeyFileError(Exception):
    """A file with a key or a password cannot be used; the message names it and says why."""


def sources(settings: CentralSettings, worker: str) -> list[Callable[[], Source]]:
    """A way to each broker for a worker of this name."""
    broker = settings.broker
    options = BrokerOptions(
        client_id=f"central-{settings.central.name}-{worker}",
        user=broker.user,
        password=_password(settings),
        tls=TlsFiles(broker.ca, broker.certificate, broker.key),
        gates=broker.gates,
        queue=broker.queue,
        session_s=broker.session_days * 86_400,
    )
    return [_source(url, options) for url in broker.urls]


def _source(url: str, options: BrokerOptions) -> Callable[[], Source]:
    if urlsplit(url).scheme in AMQP:
        return partial(AmqpSource, url, options)
    return partial(MqttSource, BrokerAddress.parse(url), options)


def ack_key(settings: CentralSettings) -> AckKey | None:
    """The key that signs acknowledgements; None: they are not signed. Raises KeyFileError."""
    table = settings.acknowledgements
    return None if table is None else AckKey(_signing_key(table.key), table.kid)


def replay_key(settings: CentralSettings) -> ReplayKey | None:
    """The key that signs replays; None: none are ordered. Raises KeyFileError."""
    table = settings.replay
    return None if table is None else ReplayKey(_signing_key(table.key), table.kid, table.operator)


def one_shot_client(settings: CentralSettings) -> OneShotClient:
    """A client for commands, to be entered."""
    broker, replay = settings.broker, settings.replay
    if replay is None:
        raise ValueError("the table [replay] is missing")
    return OneShotClient(
        BrokerAddress.parse(replay.broker),
        tls=TlsFiles(broker.ca, broker.certificate, broker.key),
        user=broker.user,
        password=_password(settings),
    )


def collector_client(settings: CentralSettings) -> CollectorClient:
    """A client of the collector. Raises KeyFileError."""
    traces = settings.traces
    if traces is None:
        raise ValueError("the table [traces] is missing")
    token = None if traces.token_file is None else _read(traces.token_file).decode().strip()
    try:
        return CollectorClient(traces.url, ca=traces.ca, token=token)
    except OSError as error:
        raise KeyFileError(f"{traces.ca} cannot be used: {error}") from None


def _password(settings: CentralSettings) -> str | None:
    path = settings.broker.password_file
    return None if path is None else _read(path).decode().rstrip("\r\n")


def _signing_key(path: Path) -> SigningKey:
    try:
        key = SigningKey.from_pem(_read(path))
    except KeyInvalidError as error:
        raise KeyFileError(f"{path}: {error}") from None
    if key.algorithm is not Algorithm.ED25519:
        raise KeyFileError(f"{path}: expected an Ed25519 key, as gate-agent events ack-keygen makes it")
    return key


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST)
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read: {error.strerror}") from None
