"""Vehicles as spans of OpenTelemetry: read from the central database, told to one collector by OTLP over HTTP.

May read proven events, note how far it has come, and send to one collector. What it sends names no person, plate, VIN
or permit: a collector forgets by its own rules.
"""

from typing import TYPE_CHECKING

from agent.core.face import lazy_face

if TYPE_CHECKING:
    from central.traces.collector_client import CollectorClient, CollectorError
    from central.traces.service import READER, TraceService
else:
    __getattr__ = lazy_face(__name__)

__all__ = ["READER", "CollectorClient", "CollectorError", "TraceService"]
