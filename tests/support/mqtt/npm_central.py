"""The npm client "mqtt" as central, in a process of its own (tests/peers/mqtt)."""

import base64
import json
import subprocess
import threading

from tests.support.mqtt.peers_node import peer
from tests.support.waiting import PATIENCE_S, eventually


class NpmCentral:
    """`messages`: what it heard, with `payload` as bytes; it acknowledges what it has without a gap.

    `key_file`: the key that signs its acknowledgements.
    """

    def __init__(self, port, gate, version="5", key_file=None):
        command = ["node", "central.mjs", str(port), gate, version, *([] if key_file is None else [str(key_file)])]
        folder = peer("mqtt")
        self.messages = []
        self._published = threading.Semaphore(0)
        self._ready = threading.Event()
        self._process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self):
        self._thread.start()
        try:
            eventually(lambda: self._ready.is_set() or self._process.poll() is not None, what="the subscription")
            assert self._ready.is_set(), "the npm client ended"
        except AssertionError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE_S)
        finally:
            self._process.kill()
            self._process.wait(PATIENCE_S)
            self._thread.join(PATIENCE_S)
            complaint = self._process.stderr.read()
            self._process.stdout.close()
            self._process.stderr.close()
        assert complaint == ""
        assert self._process.returncode == 0

    def publish(self, topic, payload, *, retain=False, **properties):
        """Publish, and wait until the broker has it. `properties` in the words of the npm client."""
        order = {"topic": topic, "payload": payload, "retain": retain, "properties": properties}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        assert self._published.acquire(timeout=PATIENCE_S), "the broker took nothing from the npm client"

    def on(self, prefix):
        """What came on topics that begin so."""
        return [message for message in list(self.messages) if message["topic"].startswith(prefix)]

    def _read(self):
        for line in self._process.stdout:
            said = json.loads(line)
            if "topic" in said:
                self.messages.append(said | {"payload": base64.b64decode(said["payload"])})
            elif "ready" in said:
                self._ready.set()
            else:
                assert said["error"] is None, said
                self._published.release()
