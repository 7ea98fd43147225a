"""Sends pictures and support bundles beside the events, over MQTT or to object storage."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from agent.core.events import BundleSent, EvidenceSent
from agent.mqtt import Consignment
from agent.uploads import Shelf, UploadRules

if TYPE_CHECKING:
    from agent.core.events import Event
    from agent.settings import Uploads
    from agent.store.evidence import BundleStore, EvidenceStore
    from agent.uploads import UploadService

MEGABYTE = 1 << 20


def shelves(pictures: EvidenceStore, bundles: BundleStore) -> tuple[Shelf, Shelf]:
    """The two kinds of what is sent."""
    return (
        Shelf("picture", "image/jpeg", pictures, _picture_sent, pictures.outgoing.remove),
        Shelf("bundle", "application/zip", bundles, _bundle_sent, bundles.leave),
    )


def consignment(shelf: Shelf, uploads: UploadService) -> Consignment:
    """What of a shelf goes over MQTT, and when."""
    return Consignment(
        "evidence" if shelf.what == "picture" else shelf.what,
        shelf.content_type,
        lambda name, size: shelf.sent(name, size, ""),
        partial(uploads.turn_over_mqtt, shelf),
        shelf.leave,
    )


def upload_rules(uploads: Uploads) -> UploadRules:
    """The rules of the configuration."""
    return UploadRules(
        uploads.hosts,
        uploads.ca_file,
        uploads.max_mb * MEGABYTE,
        uploads.deadline_s,
        uploads.fallback_s,
    )


def _picture_sent(name: str, size: int, host: str) -> Event:
    return EvidenceSent(picture=name, bytes=size, via="store" if host else "mqtt", host=host)


def _bundle_sent(name: str, size: int, host: str) -> Event:
    return BundleSent(bundle=name, bytes=size, via="store" if host else "mqtt", host=host)
