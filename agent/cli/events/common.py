"""What the events commands share: the keys that are given, and how an error ends."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from agent.cli import exit_codes
from agent.cli.terminal import drop_output, echo
from agent.core.crypto import Algorithm, KeyInvalidError, PublicKey, kid_of
from agent.store.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def pinned(texts: Sequence[str]) -> Mapping[str, PublicKey]:
    """The public keys that are given in hex, by their ids. Raises typer.BadParameter."""
    keys: dict[str, PublicKey] = {}
    for text in texts:
        try:
            key = PublicKey(Algorithm.ED25519, bytes.fromhex(text))
        except (ValueError, KeyInvalidError) as error:
            raise typer.BadParameter(f"{text!r} is not an Ed25519 public key: 64 hexadecimal digits") from error
        keys[kid_of(key)] = key
    return keys


@contextmanager
def failing() -> Iterator[None]:
    """Say an error in one line and exit with FAILED; a reader that went away (`| head`) is no error."""
    try:
        yield
    except BrokenPipeError:
        drop_output()
        raise typer.Exit(exit_codes.OK) from None
    except (JournalError, OSError) as error:
        echo(f"gate-agent events: {error}", err=True)
        raise typer.Exit(exit_codes.FAILED) from None
