"""An independent subscriber: it stores nothing and answers nothing, it only notes what came over the wire how often."""

import hashlib
import json
import threading
from collections import Counter

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from tests.support.gate.gate_site import GATE
from tests.support.mqtt.clients import leave
from tests.support.waiting import PATIENCE_S


class Witness:
    """`seen`: how often each (stream, seq, digest of its bytes) came."""

    def __init__(self, port):
        self._port = port
        self._seen = Counter()
        self._lock = threading.Lock()
        self._subscribed = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="witness", protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(
            f"gate/v1/{GATE}/event/#", options=SubscribeOptions(qos=1)
        )
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._take

    def __enter__(self):
        properties = Properties(mqtt.CONNECT >> 4)
        properties.SessionExpiryInterval = 3600
        self._client.connect("127.0.0.1", self._port, clean_start=False, properties=properties)
        self._client.loop_start()
        assert self._subscribed.wait(PATIENCE_S), "the witness could not subscribe"
        return self

    def __exit__(self, *_):
        leave(self._client)

    def _take(self, _client, _data, message):
        event = json.loads(message.payload)
        with self._lock:
            self._seen[event["stream"], event["seq"], hashlib.sha256(message.payload).hexdigest()] += 1

    @property
    def seen(self):
        with self._lock:
            return Counter(self._seen)

    @property
    def duplicates(self):
        """How many messages brought an event that had come before."""
        seen = self.seen
        return seen.total() - len(seen)
