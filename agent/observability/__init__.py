"""Metrics and logs of the running gate.

Reads every part and changes none. Serves the metrics on an address of its own.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.observability.figures import (
        CameraFigures,
        ChannelFigures,
        DiskFigures,
        GateFigures,
        JournalFigures,
        LaneFigures,
        LinkFigures,
        RelayFigures,
        UplinkFigures,
        WorkerFigures,
    )
    from agent.observability.log_level import LogLevel
    from agent.observability.logs import configure, log_ring
    from agent.observability.metrics_collector import MeasuredParts, MetricsCollector
    from agent.observability.metrics_server import MetricsServer
    from agent.observability.prometheus_metrics import Counters, registry
    from agent.observability.recent_lines import LINES_KEPT
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "LINES_KEPT",
    "CameraFigures",
    "ChannelFigures",
    "Counters",
    "DiskFigures",
    "GateFigures",
    "JournalFigures",
    "LaneFigures",
    "LinkFigures",
    "LogLevel",
    "MeasuredParts",
    "MetricsCollector",
    "MetricsServer",
    "RelayFigures",
    "UplinkFigures",
    "WorkerFigures",
    "configure",
    "log_ring",
    "registry",
]
