"""A site service with a simpler rule, to prove that the races detect it: the first claim that the broker echoes wins.

The gate that hears its own claim first may open; with the broker gone a permit's home gate opens alone. It is wrong:
the home gate that is cut off and the gate that still hears the broker both win.
"""

import json
import threading
from dataclasses import replace

from agent.core.site.claim_answers import ClaimAnswer, ClaimCode
from agent.devices.port_supervisor import PortState
from agent.mqtt.client import MqttClient
from agent.mqtt.messages import Outgoing, Subscription


class FirstEchoSite:
    def __init__(self, membership, settings, journal, rules):
        self._membership, self._journal, self._rules = membership, journal, rules
        # A client hears nothing of what it says itself, so another one listens.
        self._client, self._listener = (
            MqttClient(replace(settings, client_id=f"{membership.own}-{part}"), None) for part in "12"
        )
        self._listener.subscribe(Subscription(f"naive/{membership.site}/#", self._heard, qos=1))
        self._lock = threading.Lock()
        self._winners = {}
        self._waiting = {}

    def start(self):
        self._client.start()
        self._listener.start()

    def stop(self, timeout_s):
        return self._client.stop(timeout_s / 2) and self._listener.stop(timeout_s / 2)

    def status(self):
        up = all(one.view.state is PortState.UP for one in (self._client, self._listener))
        return {"connected": up, "missing": [], "peers": {}}

    def claim(self, request, answer):
        use = self._journal.use_state(request.permit_id, request.transaction).next_use
        name = f"{request.permit_id.hex()}/{use}"
        timer = threading.Timer(self._rules.claim_timeout_s, lambda: self._end(name, request, use))
        with self._lock:
            self._waiting[name, request.transaction] = answer, use, timer
        timer.start()
        word = json.dumps({"gate": self._membership.own, "transaction": request.transaction}).encode()
        up = self._client.view.state is PortState.UP
        if not up or not self._client.publish(Outgoing(f"naive/{self._membership.site}/{name}", word)):
            self._end(name, request, use)

    def _heard(self, message):
        said, name = json.loads(message.payload), message.topic.split("/", 2)[2]
        with self._lock:
            winner = self._winners.setdefault(name, said)
            answer, use, timer = self._waiting.pop((name, said["transaction"]), (None, 0, None))
        if answer is not None:
            timer.cancel()
            won = winner == said
            answer(ClaimAnswer(ClaimCode.GRANTED if won else ClaimCode.RESERVED_ELSEWHERE, use if won else 0))

    def _end(self, name, request, use):
        with self._lock:
            answer, _use, timer = self._waiting.pop((name, request.transaction), (None, 0, None))
        if answer is not None:
            timer.cancel()
            alone = self._membership.home(request.vehicle) == self._membership.own and name not in self._winners
            answer(ClaimAnswer(ClaimCode.GRANTED if alone else ClaimCode.LEDGER_UNREACHABLE, use if alone else 0))
