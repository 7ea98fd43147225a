"""The command `gate-agent permit inspect`: what a text says of itself."""

from __future__ import annotations

import json

from rich.console import Console

from agent.cli.permit import view
from agent.cli.permit.common import AsJson, Source  # noqa: TC001 - typer reads the annotations
from agent.cli.permit.files import PermitFileError, read_permit
from agent.cli.terminal import echo, fail
from agent.core.permit import ClaimsError, PermitForm, reference
from agent.core.permit import parse as opening


def inspect(source: Source, as_json: AsJson = False) -> None:
    """Show the content of a permit text. Nothing is verified: anyone can write such a text."""
    try:
        text = read_permit(source)
        if text.startswith(reference.PREFIX):
            _reference(text, as_json=as_json)
            return
        opened = opening.open_text(text, form_of(text))
        permit = opened.permit()
    except (PermitFileError, opening.EncodingError, opening.StructureError, ClaimsError) as error:
        fail("permit inspect", error)
    algorithm = ", ".join(sorted(opened.algorithms)) or "none that is known here"
    if as_json:
        shown = {"verified": False, "algorithm": algorithm, "permit": view.permit_json(permit)}
        echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    Console().print(view.permit_table(permit, "NOT VERIFIED: this is only what the text claims"))


def form_of(text: bytes) -> PermitForm:
    """The form of a signed text. Raises PermitFileError where it has none."""
    if opening.is_jws(text):
        return PermitForm.JWS
    if text.startswith(opening.PREFIX):
        return PermitForm.SIGNED
    known = f"{opening.PREFIX.decode()}, {reference.PREFIX.decode()} or {opening.JWS_START.decode()}"
    raise PermitFileError(f"the text begins with none of {known}")


def _reference(text: bytes, *, as_json: bool) -> None:
    digest = reference.digest_of_reference(text)
    if digest is None:
        raise PermitFileError("a reference is GPR: and 16 characters of 0-9, A-Z without I, L, O and U")
    if as_json:
        echo(json.dumps({"verified": False, "reference": digest.hex()}, indent=2))
        return
    echo(f"a reference contains no data; its declaration has reference {digest.hex()}")
