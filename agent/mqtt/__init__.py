"""The gate's MQTT client: sends events until central acknowledges them, and handles commands, evidence and health.

May open network connections and start threads. Sends events as the journal stores them, and never changes them.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.mqtt.acknowledgements import HeadListener
    from agent.mqtt.broker_link_view import BrokerLinkView
    from agent.mqtt.broker_selector import BrokerSelector
    from agent.mqtt.central_link import CentralLink
    from agent.mqtt.client import MqttClient
    from agent.mqtt.client_settings import ClientSettings
    from agent.mqtt.command_processor import CommandProcessor, CommandRules
    from agent.mqtt.delivery_settings import AckMode, DeliverySettings
    from agent.mqtt.delivery_window import DeliveryWindow
    from agent.mqtt.event_messages import REPLAY, event_message
    from agent.mqtt.event_uplink import Uplink
    from agent.mqtt.evidence_upload import Consignment, EvidenceUpload
    from agent.mqtt.health_publisher import HealthPublisher
    from agent.mqtt.messages import BrokerLimits, Incoming, LinkDown, LinkUp, Outgoing, Subscription
    from agent.mqtt.one_shot_client import OneShotClient, OneShotClientError
    from agent.mqtt.packets import connect_properties, incoming, limits, publish_properties, subscribe_options
    from agent.mqtt.presence import GateIdentity
    from agent.mqtt.receipt import Receipt
    from agent.mqtt.replay import ReplayPlan
    from agent.mqtt.silence_detector import SilenceDetector
    from agent.mqtt.status_witness import StatusWitness
    from agent.mqtt.uplink_view import UplinkView
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "REPLAY",
    "AckMode",
    "BrokerLimits",
    "BrokerLinkView",
    "BrokerSelector",
    "CentralLink",
    "ClientSettings",
    "CommandProcessor",
    "CommandRules",
    "Consignment",
    "DeliverySettings",
    "DeliveryWindow",
    "EvidenceUpload",
    "GateIdentity",
    "HeadListener",
    "HealthPublisher",
    "Incoming",
    "LinkDown",
    "LinkUp",
    "MqttClient",
    "OneShotClient",
    "OneShotClientError",
    "Outgoing",
    "Receipt",
    "ReplayPlan",
    "SilenceDetector",
    "StatusWitness",
    "Subscription",
    "Uplink",
    "UplinkView",
    "connect_properties",
    "event_message",
    "incoming",
    "limits",
    "publish_properties",
    "subscribe_options",
]
