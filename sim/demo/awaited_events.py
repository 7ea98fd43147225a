"""The events for which the demo waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.model import Verdict

if TYPE_CHECKING:
    from sim.demo.central import JsonObject


def is_device(event: JsonObject, family: str, state: str) -> bool:
    """Whether a device of this family has come into this state."""
    return bool(
        event["type"] == "device.changed" and event["data"]["family"] == family and event["data"]["state"] == state
    )


def is_list(event: JsonObject, name: str, version: int) -> bool:
    """Whether the gate tells that this version of a list, or a later one, is in force."""
    return bool(
        event["type"] == "lists.applied" and event["data"]["list"] == name and event["data"]["version"] >= version
    )


def is_manual(event: JsonObject) -> bool:
    """Whether an officer is called for."""
    return bool(event["type"] == "access.decided" and event["data"]["verdict"] == Verdict.MANUAL)
