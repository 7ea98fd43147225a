"""A gate that lost a part of its state while the others race on: it must notice, and become whole again."""

import threading
import time

from tests.support.waiting import scaled

LOOK_EVERY_S = 0.05
CALM_LOOKS = 20
"""So often in a row it must be whole, before it is believed."""
UNNOTICED_LOOKS = max(240, round(scaled(60)))
"""So often where it has noticed nothing: other gates speak every ten seconds at least."""
WITHIN_S = 60.0


class Recovery:
    """One gate that was started with less than it had.

    `restart`: kill it and start it, as systemd does when it asks for that. `come_again`: the vehicles that it may have
    forgotten come again, once it hears the others. `is_over`: whether no permit is shown any more that was shown before
    the loss: two persons who take what is there see to that first.
    """

    def __init__(self, gate, *, restart, come_again, is_over):
        self._gate = gate
        self._restart, self._come_again, self._is_over = restart, come_again, is_over
        self._has_come = False
        self.noticed = self.accepted = False

    def run(self):
        """Look on, and help as people do, until it is whole. Raises AssertionError."""
        deadline, calm = time.monotonic() + scaled(WITHIN_S), 0
        while calm < (CALM_LOOKS if self.noticed else UNNOTICED_LOOKS):
            where = self._gate.where()
            assert time.monotonic() < deadline, f"{self._gate.name} does not become whole again: {where}"
            self.noticed = self.noticed or where["losses"] > 0
            calm = calm + 1 if self._helped(where) else 0
            threading.Event().wait(LOOK_EVERY_S)
        return self

    def _helped(self, where):
        """Do what is to be done now; whether there was nothing."""
        if where["given_up"]:
            self._has_come = False
            self._restart()
            return False
        if not all(peer["met"] for peer in where["peers"].values()) or where["missing"]:
            return False
        if not self._has_come:
            self._has_come = True
            self._come_again()
            return False
        if not where["whole"] and self._is_over():
            self.accepted = self._gate.accept() or self.accepted
        return where["whole"]
