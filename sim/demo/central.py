"""A small central system: it stores events, removes duplicates by sequence number and acknowledges by watermark.

What it acknowledges it signs with a key of its own, which the gate knows. By paho alone, as at a real site: its session
outlives the broker, which the demo stops and starts, and it shares no code with the gate
(docs/adr/0027-own-code-beside-a-library.md).
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as mqtt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from paho.mqtt.reasoncodes import ReasonCode

JsonObject = dict[str, Any]
STOP_WAIT_S = 2.0
ACK_KID = "central"
"""The id of central's key in the gate's configuration."""


class Central:
    """Subscribe to everything one gate publishes.

    `on_event` is called once for each event, in order of sequence number, from the network thread. `ack_key`: the PEM
    file of the key that signs its acknowledgements; without one they are not signed.
    """

    def __init__(
        self, port: int, gate: str, on_event: Callable[[JsonObject], None], ack_key: Path | None = None
    ) -> None:
        self._gate, self._root = gate, f"gate/v1/{gate}"
        self._ack_key = None if ack_key is None else _private_key(ack_key)
        self._on_event = on_event
        self._news = threading.Condition()
        self._stored: dict[int, JsonObject] = {}
        self._lines: dict[int, bytes] = {}
        self._told = 0
        self.events: list[JsonObject] = []
        self.heard_at: dict[int, float] = {}
        self.duplicates = 0
        self._port = port
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="central", protocol=mqtt.MQTTv5)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._on_message

    def start(self) -> None:
        """Connect; the session outlives a broker that keeps sessions."""
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        session.SessionExpiryInterval = 3600
        self._client.connect("127.0.0.1", self._port, clean_start=False, properties=session)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()
        self._client.reinitialise()  # closes what wakes the thread; the callbacks would hold that open

    def wait_for(self, wanted: Callable[[JsonObject], bool], timeout_s: float, after: int = 0) -> JsonObject | None:
        """The first event with a sequence number above `after` that is wanted; None when it does not come in time."""
        deadline = time.monotonic() + timeout_s
        with self._news:
            while True:
                found = next((event for event in self.events if event["seq"] > after and wanted(event)), None)
                if found is not None or not self._news.wait(max(0.0, deadline - time.monotonic())):
                    return found

    @property
    def last(self) -> int:
        """The watermark: the highest sequence number stored without a gap."""
        return self._told

    @property
    def lines_in_order(self) -> list[bytes]:
        """The events as they were sent, without duplicates, by sequence number."""
        return [self._lines[seq] for seq in sorted(self._lines)]

    def _subscribe(
        self, client: mqtt.Client, _data: Any, _flags: mqtt.ConnectFlags, reason: ReasonCode, _more: Properties | None
    ) -> None:
        if not reason.is_failure:
            client.subscribe(f"{self._root}/event/#", qos=1)

    def _on_message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        event: JsonObject = json.loads(message.payload)
        told = []
        with self._news:
            if event["seq"] in self._stored:
                self.duplicates += 1
            self._stored.setdefault(event["seq"], event)
            self._lines.setdefault(event["seq"], bytes(message.payload))
            self.heard_at.setdefault(event["seq"], time.monotonic())
            while self._told + 1 in self._stored:
                self._told += 1
                told.append(self._stored[self._told])
            self.events.extend(told)
            self._news.notify_all()
        client.publish(f"{self._root}/ack", self._watermark(event["stream"]), qos=1, retain=True)
        for item in told:
            self._on_event(item)

    def _watermark(self, stream: str) -> str:
        """What is stored without a gap, with the hash of the last such event, signed."""
        said: JsonObject = {"stream": stream, "seq": self._told}
        if self._ack_key is not None:
            digest = hashlib.sha256(self._lines[self._told] if self._told else stream.encode()).hexdigest()
            said["signature"] = _compact_jws({"gate": self._gate, **said, "digest": digest}, self._ack_key)
        return json.dumps(said)


def _private_key(file: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key(file.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{file} holds no Ed25519 key")
    return key


def _compact_jws(statement: JsonObject, key: Ed25519PrivateKey) -> str:
    header = {"alg": "EdDSA", "kid": ACK_KID, "typ": "gate-acknowledgement+jwt"}
    message = b".".join(_base64url(json.dumps(part).encode()) for part in (header, statement))
    return (message + b"." + _base64url(key.sign(message))).decode()


def _base64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
