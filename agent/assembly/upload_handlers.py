"""Carries out the commands for uploads: a support bundle, and places in object storage."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agent.core.commands import Command, CommandAnswer, Result
from agent.store.errors import EvidenceError
from agent.store.evidence import BUNDLES_LIMIT
from agent.uploads import PlaceRefusedError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.store.evidence import BundleStore
    from agent.uploads import UploadService


GROUP_SPREAD_S: Final = 600.0
"""A thousand gates have bundles of 300 MB together: in ten minutes that is half a megabyte a second for a broker."""


@dataclass(frozen=True, slots=True)
class UploadParts:
    """The parts that these commands need. `make_bundle` takes a second or two, and may raise OSError.

    `draw`: uniform in 0..1.
    """

    service: UploadService
    bundles: BundleStore
    make_bundle: Callable[[], bytes]
    draw: Callable[[], float] = random.random


def send_bundle(parts: UploadParts, command: Command) -> CommandAnswer:
    """Make a support bundle and queue it. `data`: its SHA-256, its size, and the way that it takes.

    What the gate may not write to is told before anything is made. Where a whole group was asked, the bundle goes over
    MQTT at a random time, so that those of all gates do not come at once.
    """
    asked: Mapping[str, Any] = command.arguments
    url = asked["url"]
    try:
        if url is not None:
            parts.service.place_of(url)
        if parts.bundles.is_full:
            message = Text("{count} bundles wait to be sent: no more are made until then", count=BUNDLES_LIMIT)
            return CommandAnswer(Result.NOT_DONE, message)
        content = parts.make_bundle()
        name = hashlib.sha256(content).hexdigest()
        if command.group:
            parts.service.hold_from_mqtt(name, GROUP_SPREAD_S * parts.draw())
        parts.bundles.keep(content)
        refused = {} if url is None else parts.service.grant([(name, url)], asked["for_s"]).refused
    except PlaceRefusedError as error:
        return CommandAnswer(Result.NOT_DONE, error.detail, {"code": error.code.value})
    except (EvidenceError, OSError) as error:
        return CommandAnswer(Result.FAILED, Text("no bundle can be made: {error}", error=error))
    way = "store" if parts.service.enabled else "mqtt"
    data = {"bundle": name, "bytes": len(content), "via": way}
    if refused:
        data["code"] = refused[name].value
    return CommandAnswer(Result.DONE, Text("the bundle will be sent"), data)


def grant_uploads(parts: UploadParts, command: Command) -> CommandAnswer:
    """Take the places that central names. `data`: what has one now, and by which code others have none."""
    asked: Mapping[str, Any] = command.arguments
    try:
        found = parts.service.grant([(each["sha256"], each["url"]) for each in asked["uploads"]], asked["for_s"])
    except EvidenceError as error:
        return CommandAnswer(Result.FAILED, Text("the pictures cannot be queued: {error}", error=error))
    refused = {name: code.value for name, code in found.refused.items()}
    data = {"granted": list(found.granted), "refused": refused}
    if not found.granted:
        return CommandAnswer(Result.NOT_DONE, found.detail, data)
    return CommandAnswer(Result.DONE, Text("{count} uploads begin", count=len(found.granted)), data)
