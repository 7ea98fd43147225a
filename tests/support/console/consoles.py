"""A whole agent with its console on a free port, and browsers of every role."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx
import pytest
from argon2 import PasswordHasher

from agent.assembly.app import App
from agent.assembly.part_factory import ConfigurationSource
from agent.clock.clock import Clock
from agent.console.access import Role, totp
from agent.console.access.sessions import csrf_token
from agent.console.web import console_server
from agent.service.systemd_notify import Notifier
from agent.settings.configuration_loading import load_configuration
from agent.store.journal.reader import JournalReader
from drivers.inputs import simulated as simulated_inputs
from drivers.relay import simulated
from tests.support.gate.config_files import ROOT_KEY
from tests.support.waiting import PATIENCE_S, scaled

OPEN_WITHIN_S = scaled(30)
KNOWN_TO_ALL = "blue otter 7 runs"
HEAD = """
version = 1

[gate]
id = "gate-7"
site = 7

[state]
directory = "{state}"

[permits]
root_keys = ["{key}"]
{permits}

[mqtt]
enabled = false

[console]
enabled = {enabled}
port = {port}
{console}
"""
LANE = """
[lanes.out]
number = 1
direction = "export"

[lanes.out.relay]
kind = "simulated"
name = "{board}"

[lanes.out.inputs]
kind = "simulated"
name = "{board}"

[lanes.out.signals]
presence = 1
safety = 2
"""


def hash_cheaply(access):
    """Have passwords hashed by the least that there is: tests hash many, and none is a secret."""
    access.users._hasher._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def stop_time(access):
    """Have no time pass for lock-outs and for the turns of a name, however slow this machine is."""
    ticking = access.lockouts._ticking
    at = ticking.at()
    access.lockouts._ticking = replace(ticking, at=lambda: at)
    access.names._at = lambda: at


def stop_whole(app, cause="test"):
    """Stop a gate with all its parts: what comes after it needs their end, which a busy machine has late."""
    app._lifecycle._phases = tuple(replace(phase, stop_s=PATIENCE_S) for phase in app._lifecycle._phases)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console_server, "STOP_TIMEOUT_S", PATIENCE_S)
        app.stop(cause)


def acts(gate):
    """What the journal says was done on the console, in order."""
    with JournalReader(gate.path.parent / "state" / "journal.db") as journal:
        events = [json.loads(payload) for payload in journal.payloads()]
    return [event["data"] for event in events if event["type"] == "console.acted"]


def session_token(app, role):
    """The token of a session of somebody of that role, for the cookie gate-session.

    He has a second factor where his role needs one.
    """
    access, name = app.console.access, f"some-{role}"
    if access.users.find(name) is None:
        access.users.add(name, Role(role), KNOWN_TO_ALL)
    if role in access.factor_roles and access.factors.standing(name) is None:
        secret, utc = access.factors.proposed(), app.parts.utc()
        access.factors.enrol(name, secret, totp.code_at(secret, totp.step_of(utc)), "")
    return access.sessions.open(name)


class ConsoleGate:
    """An agent with one lane on simulated boards. `browser(role)`: somebody of that role; None: nobody.

    `vision`: whether its cameras have vision workers, each a process of half a second; without, none ever comes up.
    `console`, `permits`: further lines of those sections. `reload`: called when a page has the configuration read anew.
    `notifier`: hears what the service manager would.
    `factor_roles`: of all gates of a test, the roles that need a second factor.
    """

    factor_roles = ()

    def __init__(
        self,
        folder,
        *,
        console="",
        enabled=True,
        port=0,
        lanes=None,
        reload=lambda: None,
        key=ROOT_KEY,
        permits="",
        notifier=None,
        vision=True,
    ):
        text = HEAD.format(
            state=folder / "state",
            key=key,
            permits=permits,
            enabled=str(enabled).lower(),
            port=port,
            console=console + self._factors(),
        )
        self.path = folder / "gate.toml"
        self.path.write_text(text + (LANE.format(board=folder.name) if lanes is None else lanes), encoding="utf-8")
        source = ConfigurationSource(self.path, None, reload)
        self.app = App(load_configuration(self.path), Clock(), notifier or Notifier(None), lambda _what: None, source)
        self._browsers = []
        for camera in self.app.parts.lanes.cameras:
            # A vision worker that a busy machine holds up has not failed.
            camera._limits = replace(camera._limits, start_s=PATIENCE_S, hang_s=PATIENCE_S, reading_s=PATIENCE_S)
        for camera in () if vision else self.app.parts.lanes.cameras:
            camera._live_once = lambda _born_at, worker=camera.worker: worker.wait(PATIENCE_S)

    def _factors(self):
        return f"\nsecond_factor = {json.dumps(self.factor_roles)}\n" if self.factor_roles else ""

    def __enter__(self):
        self.app.start()
        assert self.app.console.wait_open(OPEN_WITHIN_S)
        hash_cheaply(self.app.console.access)
        return self

    def __exit__(self, *_):
        for browser in self._browsers:
            browser.close()
        stop_whole(self.app)
        simulated.forget_boards()
        simulated_inputs.forget_boards()

    @property
    def url(self):
        return self.app.console.reached.urls[0]

    def token(self, role):
        return session_token(self.app, role)

    def browser(self, role=None):
        """A client that is logged in and sends the token of its forms with everything, as the pages do."""
        client = httpx.Client(base_url=self.url, timeout=PATIENCE_S, trust_env=False)
        if role is not None:
            token = self.token(role)
            client.cookies.set("gate-session", token)
            client.headers["x-csrf-token"] = csrf_token(token)
        self._browsers.append(client)
        return client
