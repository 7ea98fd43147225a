"""Vehicles as OpenTelemetry spans: reads them from the central database and sends them by OTLP over HTTP.

May read verified events, store its position, and send to one collector. It sends no person, plate, VIN or permit,
because a collector deletes data by its own rules.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from central.traces.collector_client import CollectorClient, CollectorError
    from central.traces.service import READER, TraceService
else:
    __getattr__ = lazy_face(__name__)

__all__ = ["READER", "CollectorClient", "CollectorError", "TraceService"]
