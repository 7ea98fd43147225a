"""Metrics of all gates for Prometheus, from the central database.

May read the database and serve one HTTP port. No metric contains a vehicle, a plate or a person.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from central.exporter.collector import GateCollector
    from central.exporter.figures import SERIES_A_GATE, GateFigures, read_figures
    from central.exporter.server import ExporterServer
else:
    __getattr__ = lazy_face(__name__)

__all__ = ["SERIES_A_GATE", "ExporterServer", "GateCollector", "GateFigures", "read_figures"]
