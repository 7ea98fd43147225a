"""The signs of a lane whose agent dies or hangs while they say that the way is free: each goes dark by itself."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import ExitStack

import pytest

from agent.core.model import DriverMessage
from agent.i18n import Language
from agent.i18n.driver_texts import sign_lines
from agent.lane.sign_pages import DARK_AFTER_S
from drivers.emulators.aa55 import Aa55Emulator
from drivers.emulators.fk import FkEmulator
from drivers.emulators.onbon import OnbonEmulator
from drivers.inputs.simulated import write_state
from tests.support.gate.gate_site import GateSite
from tests.support.waiting import eventually, scaled

MAKERS = {"fk": FkEmulator, "onbon": OnbonEmulator, "aa55": Aa55Emulator}
ON_ITS_WAY_S = 1.0
"""So long bytes that were sent before may still be under way, to an emulator on a machine that is busy."""
LANE = """
[lanes.exit-1.relay]
kind = "simulated"

[lanes.exit-1.inputs]
kind = "simulated"
state_file = "{state}"

[lanes.exit-1.signals]
hold = 1
"""
SIGN = """
[[lanes.exit-1.signs]]
id = "{name}"
kind = "{kind}"
languages = ["zh"]
timeout_ms = 5000
{place}
"""
GREEN = DriverMessage.BARRIER_STAYS_OPEN


class WatchedCard:
    """An emulated card, and when each of its temporary texts will have gone (monotonic s)."""

    def __init__(self, kind, link):
        self.card = MAKERS[kind](link)
        self.ends_at = 0.0
        put = self.card.display.put

        def noted(line, text, seconds, *rest):
            if text.text.strip():
                self.ends_at = max(self.ends_at, time.monotonic() + seconds)
            put(line, text, seconds, *rest)

        self.card.display.put = noted

    @property
    def texts(self):
        return tuple(line.text for line in self.card.display.lines if line.text)


@pytest.fixture
def signs(tmp_path):
    """Each family on a serial line and on TCP, plugged in."""
    with ExitStack() as stack:
        watched = {}
        for kind in MAKERS:
            for way, link in (("serial", tmp_path / kind), ("tcp", None)):
                one = WatchedCard(kind, link)
                stack.enter_context(one.card)
                watched[f"{kind}-{way}"] = one
        yield watched


@pytest.fixture
def tell(capsys):
    """Write a line to the terminal while the test runs."""

    def tell(line):
        with capsys.disabled():
            sys.stdout.write(f"\n{line}")
            sys.stdout.flush()

    return tell


def configured(folder, signs):
    """A gate whose contact holds the barrier open, and the file that stands for the contact."""
    state = folder / "state.json"
    write_state(state, [False])
    tables = ""
    for name, one in signs.items():
        kind, _, way = name.partition("-")
        host, _, port = str(one.card.line.link).rpartition(":")
        place = f'host = "{host}"\ntcp_port = {port}' if way == "tcp" else f'port = "{one.card.line.link}"'
        tables += SIGN.format(name=name, kind=kind, place=place)
    path = GateSite(folder).configure(LANE.format(state=state) + tables, mqtt="enabled = false")
    return path, state


@pytest.mark.parametrize("how", ["kill", pytest.param("freeze", marks=pytest.mark.long)])
def test_every_sign_is_dark_by_itself_within_its_time_after_the_agent_is_killed_or_hangs(
    installed, tmp_path, signs, how, tell
):
    configuration, contact = configured(tmp_path, signs)
    green = sign_lines(GREEN, Language.ZH, 8, 4)
    with installed.agent(configuration) as agent:
        for name, one in signs.items():
            agent.until(lambda one=one: one.texts, f"the first page of {name}")
        write_state(contact, [True])
        for name, one in signs.items():
            agent.until(lambda one=one: one.texts == green, f"the open barrier on {name}")
        at = time.monotonic()
        (agent.kill if how == "kill" else agent.freeze)()
        for name, one in signs.items():
            eventually(lambda one=one: not one.texts, DARK_AFTER_S + 15, f"a dark {name}; it shows {one.texts}")
        latest_s = {name: one.ends_at - at for name, one in signs.items()}
        tell(f"dark after {how}: " + ", ".join(f"{name} {late_s:.1f} s" for name, late_s in latest_s.items()))
        assert max(latest_s.values()) <= DARK_AFTER_S + scaled(ON_ITS_WAY_S)
        if how == "freeze":
            agent.kill()
        agent.start()
        for name, one in signs.items():
            agent.until(lambda one=one: one.texts, f"{name} after the restart")
    for one in signs.values():
        assert one.card.strange == []
        assert one.card.flash_writes == 0


def test_a_stop_in_order_leaves_wait_on_every_sign_and_then_nothing(installed, tmp_path, signs):
    configuration, contact = configured(tmp_path, signs)
    green, wait = (sign_lines(one, Language.ZH, 8, 4) for one in (GREEN, DriverMessage.WAIT))
    with installed.agent(configuration) as agent:
        write_state(contact, [True])
        for name, one in signs.items():
            agent.until(lambda one=one: one.texts == green, f"the open barrier on {name}")
        threading.Event().wait(0.1)
        agent.stop()
    for name, one in signs.items():
        eventually(lambda one=one: one.texts in {wait, ()}, what=f"wait on {name}; it shows {one.texts}")
    for name, one in signs.items():
        eventually(lambda one=one: not one.texts, DARK_AFTER_S + 15, f"a dark {name}; it shows {one.texts}")
