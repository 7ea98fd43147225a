"""The body of a command to a group of gates, which central signs once for all of them.

It names a group instead of a gate. It has no challenge, because a challenge belongs to one gate. So only commands that
move nothing have this form. Its header names a different kind of text, so it cannot pass for a command to one gate.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeAlias

from pydantic import Field, TypeAdapter, model_validator

from agent.core.commands.body import (
    DisplayArguments,
    NoArguments,
    SendBundleArguments,
    SetLogLevelArguments,
    SignedBody,
)
from agent.core.model import CommandName

if TYPE_CHECKING:
    from collections.abc import Mapping

GroupName = Annotated[
    str,
    Field(
        max_length=32,
        pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$",
        description="The group of gates that the command is for, as in `fleet.groups`.",
    ),
]


class _GroupBody(SignedBody):
    group: GroupName
    lane: None = None


class GroupDisplayArguments(DisplayArguments):
    """What to show the drivers at the lanes, and for how long."""

    @model_validator(mode="after")
    def _of_no_vehicle(self) -> Self:
        if self.transaction is not None:
            raise ValueError("a transaction is of one gate: order it of that gate")
        return self


class GroupSendBundleArguments(SendBundleArguments):
    """The bundle of each gate waits for an `upload_grant`, or goes over MQTT. A URL is for one bundle only."""

    @model_validator(mode="after")
    def _to_no_url(self) -> Self:
        if self.url is not None:
            raise ValueError("a URL is for one bundle: order it of one gate, or grant what the gates then ask for")
        return self


class GroupDisplayBody(_GroupBody):
    """The body of `display` to a group: for every lane with a vehicle."""

    name: Literal[CommandName.DISPLAY]
    arguments: GroupDisplayArguments


class GroupReloadListsBody(_GroupBody):
    """The body of `reload_lists` to a group."""

    name: Literal[CommandName.RELOAD_LISTS]
    arguments: NoArguments = NoArguments()


class GroupSetLogLevelBody(_GroupBody):
    """The body of `set_log_level` to a group."""

    name: Literal[CommandName.SET_LOG_LEVEL]
    arguments: SetLogLevelArguments


class GroupRebirthBody(_GroupBody):
    """The body of `rebirth` to a group."""

    name: Literal[CommandName.REBIRTH]
    arguments: NoArguments = NoArguments()


class GroupSendBundleBody(_GroupBody):
    """The body of `send_bundle` to a group."""

    name: Literal[CommandName.SEND_BUNDLE]
    arguments: GroupSendBundleArguments = GroupSendBundleArguments()


GroupBody: TypeAlias = (
    GroupDisplayBody | GroupReloadListsBody | GroupSetLogLevelBody | GroupRebirthBody | GroupSendBundleBody
)

GROUP_BODY: TypeAdapter[GroupBody] = TypeAdapter(Annotated[GroupBody, Field(discriminator="name")])
"""Reads any body of a group."""

GROUP_BODIES: Mapping[CommandName, type[GroupBody]] = MappingProxyType(
    {
        CommandName.DISPLAY: GroupDisplayBody,
        CommandName.RELOAD_LISTS: GroupReloadListsBody,
        CommandName.SET_LOG_LEVEL: GroupSetLogLevelBody,
        CommandName.REBIRTH: GroupRebirthBody,
        CommandName.SEND_BUNDLE: GroupSendBundleBody,
    }
)
"""The model of each command's body; exactly those of GROUP_COMMANDS."""
