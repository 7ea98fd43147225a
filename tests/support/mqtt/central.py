"""A small central consumer: stores events by (stream, seq), and publishes the watermark after every batch."""

import json
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from agent.core.events.acknowledgement import sign_ack
from agent.core.events.chain import Point, beginning, digest_of
from tests.support.mqtt.clients import leave
from tests.support.waiting import PATIENCE_S

BATCH_S = 0.03


class Central:
    """Runs until closed. `events`: seq to payload of the stream seen last; `arrivals`: every seq as it came.

    `tls`: paths of CA, certificate and key. `ack` False: stores without a word. `deaf` seqs are dropped at their first
    arrival, as by a queue that was full. `watermark`: all up to it was stored before. `key`: signs what it
    acknowledges, under the id `kid`.
    """

    def __init__(self, port, gate, *, ack=True, deaf=(), retain=True, tls=None, watermark=0, key=None, kid="central"):
        self._gate, self._key, self._kid = gate, key, kid
        self.events: dict[int, bytes] = {}
        self.arrivals: list[int] = []
        self.ack = ack
        self._retain = retain
        self._deaf = set(deaf)
        self._root = f"gate/v1/{gate}"
        self._stream = ""
        self._watermark = watermark
        self._news = threading.Event()
        self._closing = threading.Event()
        self._subscribed = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"central-{gate}", protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.reconnect_delay_set(0.05, 0.1)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message
        if tls is not None:
            self._client.tls_set(*map(str, tls))
        properties = Properties(mqtt.CONNECT >> 4)
        properties.SessionExpiryInterval = 3600
        self._client.connect(
            "127.0.0.1" if tls is None else "localhost", port, clean_start=False, properties=properties
        )
        self._thread = threading.Thread(target=self._publish_acks, daemon=True)

    def __enter__(self):
        self._client.loop_start()
        self._thread.start()
        assert self._subscribed.wait(PATIENCE_S)
        return self

    def __exit__(self, *_):
        self._closing.set()
        self._news.set()
        self._thread.join(PATIENCE_S)
        leave(self._client)

    @property
    def watermark(self):
        return self._watermark

    def _on_connect(self, client, *_):
        client.subscribe(f"{self._root}/event/#", options=SubscribeOptions(qos=1))

    def _on_message(self, _client, _data, message):
        event = json.loads(message.payload)
        self._stream, seq = event["stream"], event["seq"]
        self.arrivals.append(seq)
        if seq in self._deaf:
            self._deaf.discard(seq)
        else:
            self.events.setdefault(seq, message.payload)
        self._news.set()

    def _publish_acks(self):
        while not self._closing.wait(BATCH_S):
            if not self._news.is_set():
                continue
            self._news.clear()
            while self._watermark + 1 in self.events:
                self._watermark += 1
            if self.ack:
                self._client.publish(f"{self._root}/ack", self._acknowledgement(), qos=0, retain=self._retain)

    def _acknowledgement(self):
        if self._key is None:
            return json.dumps({"stream": self._stream, "seq": self._watermark})
        seq = self._watermark
        point = Point(self._stream, seq, digest_of(self.events[seq])) if seq else beginning(self._stream)
        return sign_ack(self._gate, point, self._key, self._kid)
