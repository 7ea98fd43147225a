"""The command `gate-agent permit keygen`: private keys, and the trust list that ties them to a root."""

from __future__ import annotations

import secrets
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.permit.common import HOUR_S, time_of
from agent.cli.permit.files import PermitFileError, write_new
from agent.cli.terminal import echo, fail
from agent.core.crypto import Algorithm, KeyInvalidError, SigningKey
from agent.core.permit import DAY_S, Purpose, TrustEntry, TrustError, TrustList, trust

if TYPE_CHECKING:
    from collections.abc import Mapping

_PRIVATE = 0o600
_PUBLIC = 0o644
_NAMES: Mapping[Purpose, str] = {Purpose.PERMITS: "issuer", Purpose.LISTS: "lists", Purpose.COMMANDS: "commands"}
_NEXT_ROOT = """\
The root changes in four steps, and no gate is ever without one:
 1. Give every gate both: root_keys = ["THE ONE IN USE", "{root}"]
 2. When all have it: gate-agent permit renew --trust-list trust-list.txt --root {file} --signed-by THE_ONE_IN_USE
 3. Publish the list; gates accept it because they have both keys.
 4. Remove the old key from root_keys, and destroy its private key."""


def keygen(  # noqa: PLR0913, PLR0917 - one argument an option
    out: Annotated[Path, typer.Option(help="Folder for the keys and trust-list.txt, which must not exist yet.")],
    issuer: Annotated[str, typer.Option(help="Name of the issuer, written into every permit.")] = "",
    site: Annotated[
        list[int] | None, typer.Option(help="Site for which the keys are valid; repeat for more. Default: all.")
    ] = None,
    purpose: Annotated[
        list[Purpose] | None, typer.Option(help="What a key signs; repeat for more. Default: permits.")
    ] = None,
    algorithm: Annotated[
        Algorithm, typer.Option(help="Algorithm of the keys; the root is Ed25519.")
    ] = Algorithm.ED25519,
    key_days: Annotated[int, typer.Option(min=1, max=3650, help="Days for which the keys are valid.")] = 90,
    list_days: Annotated[int, typer.Option(min=1, max=3650, help="Days for which the trust list is valid.")] = 30,
    alone: Annotated[
        bool,
        typer.Option(
            "--alone",
            help="Make only the keys. Give the .pub file to the holder of the root key, for `permit renew --add`.",
        ),
    ] = False,
    next_root: Annotated[
        bool, typer.Option("--next-root", help="Make only a root key, to replace the one in use, and print the steps.")
    ] = False,
) -> None:
    """Make a root key, the keys of an issuer or a publisher, and the trust list that names them.

    The command prints the line for the gate's configuration. Keep root.pem offline: anyone who has it decides whom the
    gates trust.

    Example:
      gate-agent permit keygen --out keys --issuer customs-7 --site 7 --purpose permits --purpose lists
    """
    purposes = list(dict.fromkeys(purpose or [Purpose.PERMITS]))
    try:
        if next_root:
            _next_root(out)
            return
        keys = {each: SigningKey.from_seed(secrets.token_bytes(32), algorithm) for each in purposes}
        files = _files(keys)
        if alone:
            write_new(out, files)
            for each, key in keys.items():
                echo(f"{out / _NAMES[each]}.pub: {key.algorithm} key {key.public.key_id.hex()}")
            return
        root = SigningKey.from_seed(secrets.token_bytes(32))
        listed = _trust_list(keys, issuer, site or [], key_days, list_days)
        text = trust.seal(listed, root)
        write_new(out, {"root.pem": (root.to_pem(), _PRIVATE), **files, "trust-list.txt": (text + b"\n", _PUBLIC)})
    except (KeyInvalidError, TrustError, PermitFileError) as error:
        fail("permit keygen", error)
    echo(f'root_keys = ["{root.public.raw.hex()}"]')


def _files(keys: Mapping[Purpose, SigningKey]) -> dict[str, tuple[bytes, int]]:
    files = {}
    for purpose, key in keys.items():
        files[f"{_NAMES[purpose]}.pem"] = (key.to_pem(), _PRIVATE)
        files[f"{_NAMES[purpose]}.pub"] = (key.public.to_pem(), _PUBLIC)
    return files


def _trust_list(
    keys: Mapping[Purpose, SigningKey], issuer: str, sites: list[int], key_days: int, list_days: int
) -> TrustList:
    now = time_of(None)
    # An hour back, so that a gate whose clock is behind does not call a new key one of the future.
    begin, end = now - HOUR_S, now + key_days * DAY_S
    entries = tuple(
        TrustEntry(key.public, key.public.key_id, issuer, tuple(sites), begin, end, purpose=purpose)
        for purpose, key in keys.items()
    )
    return TrustList(1, now, now + list_days * DAY_S, entries)


def _next_root(out: Path) -> None:
    root = SigningKey.from_seed(secrets.token_bytes(32))
    write_new(out, {"root.pem": (root.to_pem(), _PRIVATE)})
    echo(_NEXT_ROOT.format(root=root.public.raw.hex(), file=out / "root.pem"))
