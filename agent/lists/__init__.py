"""Brings the signed lists of the site into the registry, from MQTT or from a file, and watches their age.

May write to the registry. Records the result as events.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.lists.intake import ListIntake
    from agent.lists.service import INCOMING, REGISTRY, ListService, freshness_rules, open_registry
    from agent.lists.topics import (
        CONTENT_TYPE_CBOR,
        CONTENT_TYPE_CHUNK,
        ChunkTopic,
        DeltaTopic,
        HeadTopic,
        ListTopics,
        WantTopic,
    )
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "CONTENT_TYPE_CBOR",
    "CONTENT_TYPE_CHUNK",
    "INCOMING",
    "REGISTRY",
    "ChunkTopic",
    "DeltaTopic",
    "HeadTopic",
    "ListIntake",
    "ListService",
    "ListTopics",
    "WantTopic",
    "freshness_rules",
    "open_registry",
]
