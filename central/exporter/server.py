"""The port on which Prometheus is served: `GET /metrics` and nothing else, without a log-in."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from typing_extensions import override

from agent.service.parallel import Job

if TYPE_CHECKING:
    from typing import Self

    from prometheus_client.registry import Collector

CLIENT_S: Final = 30.0
STOP_S: Final = 5.0


class ExporterServer:
    """Serves one collector until it is left. Raises OSError where the port is taken. `port` 0: any; see `port`."""

    def __init__(self, collector: Collector, listen: str, port: int) -> None:
        registry = CollectorRegistry()
        registry.register(collector)

        class Handler(_Handler):
            metrics = registry

        self._server = ThreadingHTTPServer((listen, port), Handler)
        self._server.daemon_threads = True
        self._job: Job[None] | None = None

    @property
    def port(self) -> int:
        """The port on which it is served."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._job = Job("exporter", self._server.serve_forever)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and give the port back."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    metrics: CollectorRegistry
    timeout = CLIENT_S

    def do_GET(self) -> None:
        """Answer with the figures of now."""
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404)
            return
        body = generate_latest(self.metrics)
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE_LATEST)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: it is asked every few seconds."""
