"""A collector of OpenTelemetry for tests: it takes OTLP over HTTP, and answers as it is told."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.waiting import PATIENCE_S


class Collector:
    """`bodies`: what was posted, read; `headers`: of the last one. `answers`: (status, body) of the next, then 200."""

    def __init__(self):
        self.bodies, self.headers, self.answers, self.paths = [], {}, [], []
        self.url = ""

    @property
    def spans(self):
        """Every span, with the gate that its resource names."""
        return [
            (_said(resource["resource"]["attributes"])["service.instance.id"], span)
            for body in self.bodies
            for resource in body["resourceSpans"]
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        ]


def said(span):
    """The attributes of a span or of its event, as they were before OTLP."""
    return _said(span["attributes"])


def _said(attributes):
    kinds = {"intValue": int}
    return {
        one["key"]: kinds.get(kind, lambda same: same)(value)
        for one in attributes
        for kind, value in one["value"].items()
    }


@contextmanager
def collecting():
    """A collector on a free port of this computer."""
    made = Collector()

    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE_S

        def do_POST(self):
            posted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.headers, status, body = dict(self.headers), 200, {"partialSuccess": {}}
            made.paths.append(self.path)
            if made.answers:
                status, body = made.answers.pop(0)
            if status == 200:
                made.bodies.append(posted)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}/v1/traces"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join(PATIENCE_S)
