"""Metrics and logs of the running gate.

Looks at every part and changes none. Serves its figures on an address of its own.
"""

from agent.observability.collector import GaugedParts, Gauges
from agent.observability.figures import (
    CameraFigures,
    DiskFigures,
    GateFigures,
    JournalFigures,
    LaneFigures,
    LinkFigures,
    PartFigures,
    RelayFigures,
    UplinkFigures,
)
from agent.observability.logs import LINES_KEPT, LogLevel, configure, log_ring
from agent.observability.metrics import Tally, registry
from agent.observability.metrics_server import MetricsServer

__all__ = [
    "LINES_KEPT",
    "CameraFigures",
    "DiskFigures",
    "GateFigures",
    "GaugedParts",
    "Gauges",
    "JournalFigures",
    "LaneFigures",
    "LinkFigures",
    "LogLevel",
    "MetricsServer",
    "PartFigures",
    "RelayFigures",
    "Tally",
    "UplinkFigures",
    "configure",
    "log_ring",
    "registry",
]
