"""The command `gate-agent events schema`: the contract of the messages, for those who build on it."""

from __future__ import annotations

from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.contract.schemas import Schema


class Form(StrEnum):
    """How the contract is written."""

    ASYNCAPI = "asyncapi"
    JSON_SCHEMA = "json-schema"


def schema(
    form: Annotated[
        Form | None,
        typer.Option(
            help="asyncapi: topics and messages in one AsyncAPI 3.1.0 document; json-schema: JSON Schema 2020-12."
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="Only this message: an event type such as access.granted, or status, birth, ack, result, "
            "command/open.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="A folder for the files, one for each message; default: standard output."),
    ] = None,
) -> None:
    """Print what the gate sends and accepts: every topic, every message and every field, with examples.

    Without options, it prints the AsyncAPI document of this version of the agent. The same document is in
    docs/contract.
    """
    from agent.core.contract.asyncapi import asyncapi  # noqa: PLC0415 - it brings all examples of all messages
    from agent.core.contract.schemas import schemas, written  # noqa: PLC0415

    if kind is not None and form is Form.ASYNCAPI:
        raise typer.BadParameter("one message has no AsyncAPI document; leave out --form", param_hint="--type")
    documents: Mapping[str, Schema]
    if kind is not None:
        documents = dict([_named(kind, schemas())])
    elif form is Form.JSON_SCHEMA:
        documents = schemas()
    else:
        documents = {"asyncapi": asyncapi()}
    if out is not None:
        for name, document in documents.items():
            file = out / f"{name}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(written(document), encoding="utf-8")
        echo(f"{out}: {len(documents)} file{'s' if len(documents) != 1 else ''}", err=True)
    elif len(documents) == 1:
        echo(written(*documents.values()), nl=False)
    else:
        echo(written(documents), nl=False)


def _named(kind: str, known: Mapping[str, Schema]) -> tuple[str, Schema]:
    for name in (f"event/{kind}", kind):
        if name in known:
            return name, known[name]
    names = [name.removeprefix("event/") for name in known]
    near = get_close_matches(kind, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
    raise typer.BadParameter(f"there is no message {kind!r}; {hint}", param_hint="--type")
