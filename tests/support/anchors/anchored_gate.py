"""A whole agent with its console whose trust anchors root keeps, and the helper that changes them, on a real socket."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager
from functools import partial

import httpx
import pytest

from agent.anchors import AnchorStore, ask_helper, helper_client
from agent.anchors import helper as helper_module
from agent.anchors.helper import AnchorHelper
from agent.clock import Clock
from agent.console.access import Role
from agent.console.access.sessions import csrf_token
from agent.core.anchors import Sender
from agent.settings import anchors_folder, anchors_of
from tests.support.anchors.people import key, public, signed, tables
from tests.support.console.consoles import KNOWN_TO_ALL, ConsoleGate
from tests.support.gate.config_files import ROOT_KEY
from tests.support.waiting import PATIENCE_S, scaled

ADMINS = ("aigul", "bolat", "marat")
"""Administrators of the console; the first two may sign changes."""


@contextmanager
def served(store, path):
    """The helper of a store at a path, which hears this user as the agent's."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen()
    helper = AnchorHelper(store, {os.geteuid(): Sender.SERVICE}, lambda: Clock().now().utc)
    ends = threading.Event()

    def serve():
        while not ends.is_set():
            helper.serve(listener, scaled(0.05))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(helper_module, "TALK_S", PATIENCE_S)
            patch.setattr(helper_client, "ASK_S", PATIENCE_S)
            yield path
    finally:
        ends.set()
        thread.join(PATIENCE_S)
        listener.close()


class AnchoredGate(ConsoleGate):
    """With anchors that are sealed; `is_adopted` False: they stand in its configuration. `store`: root's."""

    def __init__(self, folder, *, is_adopted=True, **named):
        folder.mkdir(exist_ok=True)
        self.store = AnchorStore(anchors_folder(folder / "gate.toml"))
        self.reloads = []
        if is_adopted:
            found = tables()
            found |= {"permits": {"root_keys": [ROOT_KEY]}, "state": {"directory": str(folder / "state")}}
            found |= {"console": {"enabled": True, "port": 0}}
            self.store.adopt(anchors_of(found), "root", Clock().now().utc)
            self.store.seal(Clock().now().utc)
        super().__init__(folder, reload=lambda: self.reloads.append(1), **named)
        self._helper = served(self.store, folder / "helper.sock")

    def __enter__(self):
        super().__enter__()
        self.app.parts.anchors.ask = partial(ask_helper, path=self._helper.__enter__())
        for name in ADMINS:
            self.app.console.access.users.add(name, Role.ADMIN, KNOWN_TO_ALL)
        return self

    def __exit__(self, *error):
        self._helper.__exit__(*error)
        super().__exit__(*error)

    def admin(self, name):
        """The browser of an administrator."""
        client = httpx.Client(base_url=self.url, timeout=PATIENCE_S, trust_env=False)
        token = self.app.console.access.sessions.open(name)
        client.cookies.set("gate-session", token)
        client.headers["x-csrf-token"] = csrf_token(token)
        self._browsers.append(client)
        return client


__all__ = ["ADMINS", "AnchoredGate", "key", "public", "served", "signed"]
