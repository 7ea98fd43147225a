"""A client of a broker that keeps to nothing but its certificate: any client id, any filter, any will, any topic."""

import queue
import socket
import ssl

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from tests.support.mqtt.clients import leave
from tests.support.waiting import PATIENCE_S, eventually

NOT_AUTHORISED = 0x87


class Neighbour:
    """Connected with the certificate of `name`, to be entered; without one where its file is None.

    `port`: other than the one where that name comes in. `version`: of MQTT; before 5 nobody is told what is refused.

    `will`: (topic, retain) of its last will. `kept_s`: how long its session is kept, which it does not begin anew then.
    `heard`: (topic, payload, retained) of all that came. `address`: where the broker listens; by another one than
    "localhost", it does not ask whether the broker is the one of that name.
    """

    def __init__(
        self,
        broker,
        name,
        *,
        client_id="",
        port=None,
        will=None,
        kept_s=0,
        username=None,
        version=mqtt.MQTTv5,
        address="localhost",
    ):
        self.heard = []
        self._answers = queue.SimpleQueue()
        self.ended = []
        client = self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=version, reconnect_on_failure=False
        )
        ca, certificate, key = broker.files(name)
        context = ssl.create_default_context(cafile=str(ca))
        context.check_hostname = address == "localhost"
        if certificate is not None:
            context.load_cert_chain(str(certificate), str(key))
        client.tls_set_context(context)
        if username is not None:
            client.username_pw_set(username, "x")
        if will is not None:
            client.will_set(will[0], f"will of {name}".encode(), qos=1, retain=will[1])
        client.on_connect = lambda *said: self._answers.put(said[3].value)
        client.on_subscribe = lambda *said: self._answers.put([code.value for code in said[3]])
        client.on_publish = lambda *said: self._answers.put(said[3].value)
        client.on_message = lambda _client, _data, got: self.heard.append((got.topic, bytes(got.payload), got.retain))
        client.on_disconnect = lambda *said: (self.ended.append(said[3].value), self._answers.put(None))
        self._version = version
        self._address, self._port = address, port or broker.port_of(name)
        self._kept_s = kept_s

    def __enter__(self):
        assert self.connect() == 0
        return self

    def __exit__(self, *_):
        leave(self._client)

    def connect(self):
        """The code of the broker's answer; None where it ends the connection without one."""
        options = {}
        if self._version == mqtt.MQTTv5:
            options = {"clean_start": not self._kept_s, "properties": Properties(PacketTypes.CONNECT)}
            options["properties"].SessionExpiryInterval = self._kept_s
        try:
            self._client.connect(self._address, self._port, **options)
        except (OSError, ssl.SSLError):
            return None
        self._client.loop_start()
        return self._answer()

    def subscribe(self, topic_filter):
        """The codes of the broker's answer."""
        if self._version == mqtt.MQTTv5:
            self._client.subscribe(topic_filter, options=SubscribeOptions(qos=1))
        else:
            self._client.subscribe(topic_filter, 1)
        return self._answer()

    def publish(self, topic, payload=b"of a neighbour", *, retain=False):
        """The code of the broker's answer; None where it ends the connection over it."""
        try:
            self._client.publish(topic, payload, qos=1, retain=retain)
        except ValueError:  # paho itself refuses wildcards in topics
            return NOT_AUTHORISED
        return self._answer()

    def pour(self, topics, payload, *, retain=False):
        """Publish to all of these, and then wait for the answers."""
        for topic in topics:
            self._client.publish(topic, payload, qos=1, retain=retain)
        return [self._answer() for _ in topics]

    def hears(self, topic, payload):
        """Wait until a message has come."""
        eventually(lambda: any(one[:2] == (topic, payload) for one in list(self.heard)), what=f"{payload} at {topic}")

    def vanish(self):
        """Be gone without a word, so that the broker says the will."""
        self._client.socket().shutdown(socket.SHUT_RDWR)
        self._client.loop_stop()

    def _answer(self):
        return self._answers.get(timeout=PATIENCE_S)
