"""The registry: trust list, declarations, revocations and watch list as central signed them, in one SQLite file.

May use the registry's files, incoming chunks, and packs of lists from a USB stick.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.store.registry.chunk_spool import ChunkSpool
    from agent.store.registry.last_change import Applied
    from agent.store.registry.list_pack import TRUST_NAME, Pack, PackedList, PackError, read_pack, write_pack
    from agent.store.registry.registry import Registry
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "TRUST_NAME",
    "Applied",
    "ChunkSpool",
    "Pack",
    "PackError",
    "PackedList",
    "Registry",
    "read_pack",
    "write_pack",
]
