"""What the commands of the console share: the file of users, and how they tell what is wrong."""

from __future__ import annotations

import getpass
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent.cli.gate_registry import settings_of
from agent.cli.terminal import fail
from agent.clock import Clock
from agent.console.access import (
    Access,
    AccessStoreError,
    AdminAction,
    PasswordRefusedError,
    SessionRules,
    UserRefusedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_SESSIONS = SessionRules(0.0, 0.0)


@contextmanager
def access_of(configuration: Path) -> Iterator[Access]:
    """The users of the gate with this configuration; whatever is refused or fails is told, with exit code 1."""
    state = settings_of(configuration).state.directory
    try:
        access = Access.open(state, NO_SESSIONS, lambda: Clock().now().utc)
        try:
            yield access
        finally:
            access.close()
    except (UserRefusedError, PasswordRefusedError) as error:
        fail("console", error.text)
    except AccessStoreError as error:
        fail("console", error)


def leave_act(access: Access, act: str, detail: str) -> None:
    """Leave for the agent what was done: it tells of it in an event, now or when it next runs."""
    operator = os.environ.get("SUDO_USER") or getpass.getuser()
    access.acts.add(AdminAction(operator, act, detail, Clock().now().utc))
