"""Puts together everything between the gate and central: the connection, the commands, and the pictures to send."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from agent.assembly.command_handlers import make_handlers
from agent.assembly.upload_routes import consignment
from agent.broker import TlsFiles, Topics
from agent.core.commands import CommandKey
from agent.core.crypto import Algorithm, PublicKey
from agent.core.events import AckPolicy, Draft
from agent.devices import PortState
from agent.mqtt import (
    AckMode,
    CentralLink,
    ClientSettings,
    CommandProcessor,
    CommandRules,
    DeliverySettings,
    EvidenceUpload,
    HealthPublisher,
    StatusWitness,
)
from agent.settings import broker_address
from agent.store.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.assembly.command_handlers import HandlerDependencies
    from agent.core.events import ClockReading, Event
    from agent.lists import ListService
    from agent.mqtt import BrokerLinkView, GateIdentity, HeadListener, MqttClient, UplinkView
    from agent.recording import Recorder
    from agent.service.worker import Worker
    from agent.settings import Mqtt, Settings
    from agent.store.journal import Journal
    from agent.uploads import Shelf, UploadService

STOP_TAKING_S = 4.0
STOP_DRAIN_S = 1.0
STOP_LINK_S = 1.8


@dataclass(frozen=True, slots=True)
class CentralDependencies:
    """What the way to central stands on. `reading` reads the wall clock; `health`: fields of birth and status.

    `health_message`: what is published as `health`, at once when `health_problems` changes. `own_record` takes the
    signed head of the retained status, and may raise JournalError. `shelves`: what is sent beside the events: pictures,
    then bundles. `witness`: hears what central's signature says of the gate's history. `groups`: those that the gate
    belongs to.
    """

    identity: GateIdentity
    journal: Journal
    recorder: Recorder
    reading: Callable[[], ClockReading]
    health: Callable[[], Mapping[str, object]]
    health_message: Callable[[], bytes]
    health_problems: Callable[[], object]
    observe: Callable[[BrokerLinkView], None]
    lists: ListService
    own_record: Callable[[str], None]
    shelves: Sequence[Shelf]
    witness: HeadListener | None = None
    groups: tuple[str, ...] = ()


class Stopped(Protocol):
    """What is stopped within a time."""

    @property
    def worker(self) -> Worker:
        """Its thread."""
        ...

    def stop(self, timeout_s: float, /) -> bool:
        """Stop; whether that was in time."""
        ...


class CentralConnection:
    """The gate's end of the way to central.

    Stopped in two steps, because the last events of the gate come after the last command: `stop_taking`, then `stop`.
    """

    def __init__(
        self,
        settings: Settings,
        dependencies: CentralDependencies,
        parts: Callable[[CentralLink], HandlerDependencies],
        subscribe: Callable[[MqttClient], None] = lambda _client: None,
    ) -> None:
        """Make all of it, and start nothing. `parts`: what the commands work on, once the link is there.

        `subscribe` subscribes to more, before the client starts.
        """
        self._dependencies = dependencies
        mqtt = settings.mqtt
        self._link = CentralLink(
            _session_settings(settings.gate.id, mqtt),
            DeliverySettings(
                ack_mode=AckMode(mqtt.ack_mode),
                window_limit=mqtt.window,
                resend_s=mqtt.resend_s,
                resend_min_s=mqtt.resend_min_s,
                resend_max_s=mqtt.resend_max_s,
            ),
            dependencies.identity,
            dependencies.journal,
            dependencies.reading,
            acks=_ack_policy(settings.gate.id, mqtt),
            witness=dependencies.witness,
            extra=self._status_fields,
            observe_link=dependencies.observe,
            note=self._note,
        )
        made = parts(self._link)
        self._command_processor = CommandProcessor(
            self._link.client,
            _command_rules(settings, dependencies.groups),
            dependencies.journal,
            dependencies.recorder,
            dependencies.reading,
            make_handlers(made),
        )
        self._lists = dependencies.lists.sync(self._link.client)
        topics = Topics(settings.gate.id)
        self._uploads = made.uploads.service
        self._pictures, self._bundles = (
            EvidenceUpload(
                self._link.client,
                topics,
                shelf.store,
                self._note,
                self.events_are_through,
                consignment=consignment(shelf, self._uploads),
            )
            for shelf in dependencies.shelves
        )
        self._status_witness = StatusWitness(self._link.client, Topics(settings.gate.id), dependencies.own_record)
        subscribe(self._link.client)
        self._health = HealthPublisher(
            self._link.client,
            Topics(settings.gate.id).health,
            dependencies.health_message,
            problems=dependencies.health_problems,
        )

    def events_are_through(self) -> bool:
        """Whether central has all events, so that it is the pictures' turn."""
        return self._link.uplink.caught_up

    @property
    def uploads(self) -> UploadService:
        """What goes into object storage."""
        return self._uploads

    @property
    def broker_link_view(self) -> BrokerLinkView:
        """How the link is."""
        return self._link.client.view

    @property
    def client(self) -> MqttClient:
        """The connection itself."""
        return self._link.client

    @property
    def uplink_view(self) -> UplinkView:
        """How the events on their way are."""
        return self._link.uplink.view

    @property
    def pictures_waiting(self) -> int:
        """How many pictures wait to be sent."""
        return self._pictures.waiting

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Its threads."""
        link = self._link
        parts = (
            *(self._command_processor, self._lists, self._health, self._status_witness),
            *(self._pictures, self._bundles, self._uploads),
            link.client,
        )
        return (*(part.worker for part in parts), *link.uplink.workers)

    def start(self) -> None:
        """Begin to connect, to send and to take commands."""
        self._command_processor.start()
        self._lists.start()
        self._status_witness.start()
        self._link.start()
        self._pictures.start()
        self._bundles.start()
        self._uploads.start()
        self._health.start()

    def stop_taking(self) -> bool:
        """Take no command and no list any more, and send no picture, within STOP_TAKING_S; whether all that ended."""
        deadline = time.monotonic() + STOP_TAKING_S
        # The lists first: their stop also has the one given up that is being applied.
        parts: tuple[Stopped, ...] = (
            *(self._lists, self._command_processor, self._health, self._status_witness),
            *(self._pictures, self._bundles, self._uploads),
        )
        for part in parts:
            part.worker.ask_to_stop()
        ended = [part.stop(deadline - time.monotonic()) for part in parts]
        return all(ended)

    def stop(self) -> bool:
        """Send what can be sent in a moment, and end the connection; whether its threads have ended."""
        self._drain()
        return self._link.stop(STOP_LINK_S)

    def _drain(self) -> None:
        """Give a link that is up a moment to deliver the last events.

        What it cannot is delivered after the next start.
        """
        journal = self._dependencies.journal
        deadline = time.monotonic() + STOP_DRAIN_S
        pause = threading.Event()
        while self._link.client.view.state is PortState.UP and time.monotonic() < deadline and not pause.wait(0.02):
            try:
                if journal.watermark >= journal.head:
                    return
            except JournalError:
                return

    def _status_fields(self) -> Mapping[str, object]:
        return {
            **self._dependencies.health(),
            "challenge": self._command_processor.challenge,
            "commands": self._command_processor.offer,
            "pictures_waiting": self._pictures.waiting,
            "pictures_trouble": self._pictures.trouble or self._bundles.trouble or self._uploads.trouble,
            "uploads_wanted": self._uploads.wanted,
        }

    def _note(self, event: Event) -> None:
        self._dependencies.recorder.note([Draft(event, None, None, self._dependencies.reading().utc)])


def _session_settings(gate: str, mqtt: Mqtt) -> ClientSettings:
    password = mqtt.password
    return ClientSettings(
        gate=gate,
        brokers=tuple(broker_address(url) for url in mqtt.brokers),
        tls=TlsFiles(mqtt.ca_file, mqtt.certificate_file, mqtt.key_file),
        user=mqtt.username,
        password=None if password is None else password.get_secret_value(),
        keepalive_s=mqtt.keepalive_s,
        status_every_s=mqtt.heartbeat_s,
        start_spread_s=mqtt.start_spread_s,
    )


def _ack_policy(gate: str, mqtt: Mqtt) -> AckPolicy:
    keys = {key.id: PublicKey(Algorithm.ED25519, bytes.fromhex(key.public_key)) for key in mqtt.ack_keys}
    return AckPolicy(gate, keys, unsigned=mqtt.unsigned_acks)


def _command_rules(settings: Settings, groups: tuple[str, ...]) -> CommandRules:
    commands = settings.commands
    keys = [
        CommandKey(key.id, PublicKey(Algorithm.ED25519, bytes.fromhex(key.public_key)), frozenset(key.may))
        for key in commands.keys
    ]
    heard = groups if commands.from_groups and keys else ()
    return CommandRules(
        settings.gate.id, {key.id: key for key in keys}, frozenset(settings.lanes), commands.max_life_s, heard
    )
