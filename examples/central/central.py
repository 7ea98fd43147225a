"""Store the events of all gates, tell each gate how far, and say what is missing: see README.md."""

import argparse
import hmac
import itertools
import json
import logging
import os
import random
import signal
import ssl
import sys
import time
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pika
from paho.mqtt import client, enums, packettypes, properties
from rich.live import Live
from rich.table import Table
from store import SQL, Message, Signer, Store

BATCH, BATCH_S, PAUSE_S, PAUSE_CAP_S, SESSION_S, STOP_S = 200, 0.05, 0.5, 30.0, 7 * 86_400, 3
# A way to a broker yields a batch, and waits. Sent the answers, it settles the batch with the broker and publishes
# them.
Broker = Generator[list[Message], list[tuple[str, bytes]], None]


def beside(got: client.MQTTMessage) -> dict[str, str]:
    """The user properties of a message. Only of very long events one comes in several parts."""
    told: dict[str, str] = {}
    for name, value in getattr(got.properties, "UserProperty", ()):
        told[name] = f"{told[name]}~{value}" if name in told and name == "disclosures" else value
    return told


def batch_of(inbox: list[Message], serve: Callable[[float], int | None]) -> list[Message]:
    """Up to BATCH messages: all that come within BATCH_S, and at least one."""
    until = time.monotonic() + BATCH_S
    while not inbox or (len(inbox) < BATCH and time.monotonic() < until):
        if code := serve(BATCH_S):
            raise OSError(client.error_string(code))
    batch, inbox[:] = inbox[:BATCH], inbox[BATCH:]
    return batch


def answered(link: client.Client, options: argparse.Namespace, _about: Any, answer: Any, limits: Any) -> None:
    if any(reason.is_failure for reason in (answer if isinstance(answer, list) else [answer])):
        raise OSError(f"the broker refuses: {answer}")
    if options.share and not getattr(limits, "SharedSubscriptionAvailable", 1):
        raise OSError("this broker has no shared subscriptions (RabbitMQ: use amqp://)")
    if isinstance(answer, list):
        logging.info("%s works at %s", options.name, link.host)


def group_of(options: argparse.Namespace) -> str:
    """The group of the workers, named after central's private key: a gate that knew it would be dealt a share."""
    secret = Path(options.key).read_bytes() if options.key else b""
    return f"$share/{options.queue}-{hmac.digest(secret, options.queue.encode(), 'sha256').hex()[:32]}/"


def mqtt(url: str, options: argparse.Namespace) -> Broker:
    inbox: list[Message] = []
    parts, version = urlsplit(url), enums.CallbackAPIVersion.VERSION2
    link = client.Client(version, f"central-{options.name}", None, options, client.MQTTv5, manual_ack=True)
    link.on_connect = link.on_subscribe = link.on_publish = answered
    link.on_message = lambda _link, _data, got: inbox.append((got.topic, bytes(got.payload), got.mid, beside(got)))
    link.username_pw_set(unquote(parts.username or "") or None, unquote(parts.password or ""))
    if parts.scheme == "mqtts":
        link.tls_set_context(options.tls)
    session = properties.Properties(packettypes.PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    session.SessionExpiryInterval = 0 if options.share else SESSION_S  # a group goes on without its dead: README
    session.ReceiveMaximum = 5 * BATCH  # brokers' own limits (mosquitto: 20 messages) are less than a batch
    port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
    link.connect(parts.hostname or "", port, 15, clean_start=False, properties=session)
    group = group_of(options) if options.share else ""
    link.subscribe([(f"{group}gate/v1/{gate}/event/#", 1) for gate in options.gates or ["+"]])
    try:
        while True:
            batch = batch_of(inbox, link.loop)
            answers = yield batch
            for mid in filter(
                None, (mid for _, _, mid, _ in batch)
            ):  # 0: QoS 0, which a broker hangs up over if answered
                link.ack(mid, 1)  # without manual_ack, paho would have done it before anything was stored
            for topic, payload in answers:
                link.publish(topic, payload, qos=1, retain=True)
    finally:
        link.disconnect()


def amqp(url: str, options: argparse.Namespace) -> Broker:
    """RabbitMQ: one quorum queue behind the exchange where it puts MQTT messages, for which workers compete."""
    inbox: list[Message] = []
    settings = pika.URLParameters(url)
    settings.heartbeat, settings.blocked_connection_timeout = 15, 30
    if url.startswith("amqps:"):
        settings.ssl_options = pika.SSLOptions(options.tls, settings.host)
    with pika.BlockingConnection(settings) as connection:
        kind = {"x-queue-type": "quorum", "x-delivery-limit": -1}  # else RabbitMQ 4 drops what came back 20 times
        with suppress(pika.exceptions.ChannelClosedByBroker):  # it is there, with limits of the cluster's operator
            connection.channel().queue_declare(options.queue, durable=True, arguments=kind)
        channel = connection.channel()
        for gate in options.gates or ["*"]:
            channel.queue_bind(options.queue, "amq.topic", f"gate.v1.{gate}.event.#")
        channel.basic_qos(prefetch_count=5 * BATCH)
        channel.basic_consume(
            options.queue,
            # RabbitMQ makes headers of MQTT's user properties.
            lambda _ch, how, props, body: inbox.append((how.routing_key, body, how.delivery_tag, props.headers or {})),
        )
        logging.info("%s works at %s", options.name, settings.host)
        while True:
            batch = batch_of(inbox, connection.process_data_events)
            # In gate.v1.{gate}.event.{type} only the type holds dots.
            answers = yield [("/".join(key.split(".", 4)), body, tag, beside) for key, body, tag, beside in batch]
            channel.basic_ack(batch[-1][2], multiple=True)
            for topic, body in answers:
                channel.basic_publish("amq.topic", topic.replace("/", "."), body, pika.BasicProperties(delivery_mode=2))


def run(options: argparse.Namespace) -> None:
    """Work for ever. Any trouble, of the database or of the broker, ends both connections: then all begins anew."""
    pause_s = PAUSE_S
    for url in itertools.cycle(options.broker):
        try:
            connect = amqp if url.startswith("amqp") else mqtt
            options.tls = ssl.create_default_context(cafile=options.ca)
            if options.certificate:
                options.tls.load_cert_chain(options.certificate, options.key)
            with closing(Store(options.database, options.signer)) as store, closing(connect(url, options)) as broker:
                batch = next(broker)
                while True:
                    batch = broker.send(store.store(batch))  # committed: now the broker and the gates may forget
                    pause_s = PAUSE_S
        except Exception as trouble:  # not even a bug ends it
            bug = type(trouble).__module__ == "builtins" and not isinstance(trouble, OSError)
            logging.warning("%s tries again: %r", options.name, trouble, exc_info=bug)
        # Full jitter: workers, and gates, that lost the same broker must not come back in the same moment.
        time.sleep(random.uniform(0, pause_s))  # noqa: S311 - no secret
        pause_s = min(2 * pause_s, PAUSE_CAP_S)


def live_table(store: Store, now: datetime) -> Table:
    table = Table("gate", "stream", "watermark", "last event", "last outcome", "missing", "conflicts", "events/min")
    for *cells, closed, missing, conflicts, recent in store.rows(SQL["live"], str(now - timedelta(minutes=1))):
        outcome = json.loads(closed)["data"].get("outcome") if closed else "-"
        style = "bold red" if conflicts else "yellow" if missing else ""
        table.add_row(*map(str, (*cells, outcome, missing, conflicts, recent)), style=style)
    return table


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", nargs="?", choices=("run", "gaps", "live"), default="run")
    parser.add_argument("--database", required=True, help="sqlite:FILE or postgresql://...")
    brokers = os.environ.get("CENTRAL_BROKER", "").split()  # a password there is not in the list of processes
    parser.add_argument("--broker", action="append", default=brokers, help="mqtt(s):// or amqp(s)://; several: in turn")
    for file in ("ca", "certificate"):
        parser.add_argument(f"--{file}", help="a PEM file, for TLS")
    parser.add_argument("--certificate-key", "--key", dest="key", help="a PEM file, for TLS: that of the certificate")
    parser.add_argument(
        "--ack-key", help="a PEM file: central's own key, which signs what the gates are told is stored"
    )
    parser.add_argument("--ack-kid", default="central", help="the id of that key in the gates' mqtt.ack_keys")
    parser.add_argument("--name", default="worker-1", help="of this worker; each has its own, and keeps it")
    parser.add_argument("--gates", action="append", help="only this gate; may be repeated")
    parser.add_argument("--queue", default="events", help="AMQP: the queue; MQTT with --share: the group")
    parser.add_argument("--share", action="store_true", help="MQTT: share the events with the others of the group")
    options = parser.parse_args(arguments)
    if options.command == "run" and {url[:4] for url in options.broker or [""]} - {"mqtt", "amqp"}:
        parser.error("run needs --broker, with mqtt(s):// or amqp(s)://")
    try:
        options.signer = Signer(options.ack_key, options.ack_kid) if options.ack_key else None
    except (OSError, ValueError, TypeError) as trouble:  # TypeError: the key is encrypted
        parser.error(f"--ack-key: {trouble}")
    return options


def stop(*_: Any) -> None:
    """End, wherever the program is. Python drops what is raised while an object is freed: so it comes again."""
    signal.alarm(STOP_S)
    sys.exit(0)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("pika").setLevel(logging.WARNING)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, stop)
    options = options_of()
    if options.command == "run":
        run(options)
    sys.tracebacklimit = 0  # what is wrong is said in a line
    with closing(Store(options.database)) as store:
        if options.command == "gaps":
            report = store.rows(SQL["report"])
            print(*(line for line, _ in report), sep="\n")
            sys.exit(not all(well for _, well in report))
        with Live(screen=True) as live:
            while True:
                live.update(live_table(store, datetime.now(UTC)), refresh=True)
                time.sleep(1)


if __name__ == "__main__":
    try:
        main()
    finally:
        signal.alarm(0)  # else it may come while the interpreter ends, and kill it
