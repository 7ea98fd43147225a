"""The consumer: receives the messages of gates from a broker, verifies and stores them, and acknowledges them.

May connect to a broker and to the central database. It checks everything from the broker first.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from central.consumer.amqp_source import AmqpSource
    from central.consumer.broker_options import BrokerOptions
    from central.consumer.gap_report import GapLine, gaps
    from central.consumer.mqtt_source import MqttSource
    from central.consumer.replay import ReplayKey, ReplayOrder, order_replays, wanted_replays
    from central.consumer.service import ConsumerService
    from central.consumer.source_interface import BATCH, Answer, Message, Source
    from central.consumer.store import AckKey, EventStore
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "BATCH",
    "AckKey",
    "AmqpSource",
    "Answer",
    "BrokerOptions",
    "ConsumerService",
    "EventStore",
    "GapLine",
    "Message",
    "MqttSource",
    "ReplayKey",
    "ReplayOrder",
    "Source",
    "gaps",
    "order_replays",
    "wanted_replays",
]
