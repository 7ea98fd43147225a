"""Whether the demo's driver page is there: told by a real server, and by none."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from sim.demo.driver_page import is_served


class OnePage(BaseHTTPRequestHandler):
    """One page, and not found for all others."""

    def do_GET(self):
        self.send_response(200 if self.path == "/driver/exit-1" else 404)
        self.end_headers()

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def address():
    server = HTTPServer(("127.0.0.1", 0), OnePage)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_page_that_answers_is_served(address):
    assert is_served(f"{address}/driver/exit-1")


def test_another_answer_is_no_page(address):
    assert not is_served(f"{address}/driver/exit-2")


def test_where_nobody_listens_no_page_is_served(address):
    port = int(address.rpartition(":")[2])
    closed = HTTPServer(("127.0.0.1", 0), OnePage)
    free = closed.server_port
    closed.server_close()
    assert free != port
    assert not is_served(f"http://127.0.0.1:{free}/driver/exit-1")
