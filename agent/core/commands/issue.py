"""Creates and signs commands, for central."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from agent.core.commands.body import BODIES, GateBody
from agent.core.commands.group_body import GROUP_BODIES
from agent.core.crypto import JwsType, jws
from agent.core.model import CommandName
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.commands.body import CommandBody
    from agent.core.commands.group_body import GroupBody
    from agent.core.crypto import SigningKey

ARGUMENT_LISTS: Final = {CommandName.SEND_EVIDENCE: "pictures"}
"""The arguments that are lists."""


class CommandInvalidError(ValueError):
    """A command that every gate would refuse; the message names the field and what is wrong with it."""


def make(
    name: CommandName, fields: Mapping[str, object], *, utc: int, life_s: int, command_id: str | None = None
) -> CommandBody:
    """The body of a command. `fields`: all others but id, name, iat and exp; texts are taken for numbers and lists.

    `command_id`: the id of an earlier command that this one repeats, so that a gate obeys at most one of the two; None:
    a new id. Raises CommandInvalidError.
    """
    made = _made(name, fields, utc, life_s, command_id)
    try:
        return BODIES[name].model_validate(made, strict=False)
    except ValidationError as error:
        raise CommandInvalidError(_told(error)) from None


def make_for_group(
    name: CommandName, fields: Mapping[str, object], *, utc: int, life_s: int, command_id: str | None = None
) -> GroupBody:
    """The body of a command to a group of gates, as `make` makes one for a gate. Raises CommandInvalidError."""
    form = GROUP_BODIES.get(name)
    if form is None:
        may = ", ".join(sorted(GROUP_BODIES))
        raise CommandInvalidError(
            Text("{name} is only for a single gate; a group accepts: {may}", name=name.value, may=may)
        )
    try:
        return form.model_validate(_made(name, fields, utc, life_s, command_id), strict=False)
    except ValidationError as error:
        raise CommandInvalidError(_told(error)) from None


def sign(body: CommandBody | GroupBody, key: SigningKey, kid: str) -> str:
    """The command as it is published: a compact JWS. Raises ValueError for a key that is not Ed25519."""
    kind = JwsType.COMMAND if isinstance(body, GateBody) else JwsType.GROUP_COMMAND
    return jws.sign(body.model_dump_json().encode(), key, kid, kind)


def _made(
    name: CommandName, fields: Mapping[str, object], utc: int, life_s: int, command_id: str | None
) -> dict[str, object]:
    given = {key: value for key, value in fields.items() if value is not None}
    arguments = given.get("arguments")
    if isinstance(arguments, dict):
        given["arguments"] = _typed(name, arguments)
    return {**given, "id": command_id or str(uuid.uuid4()), "name": name, "iat": utc, "exp": utc + life_s}


def _told(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'the command'}: {each['msg']}" for each in error.errors())


def _typed(name: CommandName, arguments: Mapping[str, object]) -> dict[str, object]:
    """Arguments as they were typed: items of a list stand between commas, `texts.ru` is the field ru of texts.

    `uploads.SHA256=URL` is one place of an upload_grant.
    """
    lists = ARGUMENT_LISTS.get(name, "")
    typed: dict[str, object] = {}
    for field, value in arguments.items():
        table, dot, inner = field.partition(".")
        if dot and name is CommandName.UPLOAD_GRANT:
            places = typed.setdefault(table, [])
            if isinstance(places, list):
                places.append({"sha256": inner, "url": value})
        elif dot:
            within = typed.setdefault(table, {})
            if isinstance(within, dict):
                within[inner] = value
        else:
            typed[field] = value.split(",") if field == lists and isinstance(value, str) else value
    return typed
