"""The signed lists of a site: their formats (rows, chunks, heads, deltas), how fresh they are, and what to fetch next.

Decides what to apply. `agent.lists` transports the bytes, and `agent.store.registry` stores them.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.lists.chunks import (
        MAX_CHUNK_SIZE,
        Chunk,
        ChunkRef,
        check_chunk,
        pack_chunks,
        read_chunk,
        unpack_chunk,
    )
    from agent.core.lists.codec import Row, decode_row, encode_row, kind_of, row_key
    from agent.core.lists.errors import ListError, ListFault
    from agent.core.lists.freshness import DataStanding, DataState, FreshnessRules, ListStanding, standing_of
    from agent.core.lists.signed_list import (
        MAX_CHUNKS,
        MAX_DELTA_BYTES,
        MAX_DELTA_ROWS,
        MAX_HEAD_BYTES,
        ListDelta,
        ListHead,
        OpenedList,
        open_delta,
        open_head,
        read_delta,
        read_head,
        seal_delta,
        seal_head,
    )
    from agent.core.lists.sync import SyncState, step
    from agent.core.lists.sync_io import (
        ApplyDelta,
        ApplySnapshot,
        ChangeResult,
        ChunkSeen,
        Connected,
        DeltaSeen,
        Disconnected,
        DropSnapshot,
        Effect,
        Failed,
        FetchChunks,
        FetchDeltas,
        FetchSnapshot,
        HeadSeen,
        HeldDelta,
        Known,
        Refresh,
        Reject,
        RequestList,
        SyncEvent,
        SyncRules,
        Tick,
    )
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "MAX_CHUNKS",
    "MAX_CHUNK_SIZE",
    "MAX_DELTA_BYTES",
    "MAX_DELTA_ROWS",
    "MAX_HEAD_BYTES",
    "ApplyDelta",
    "ApplySnapshot",
    "ChangeResult",
    "Chunk",
    "ChunkRef",
    "ChunkSeen",
    "Connected",
    "DataStanding",
    "DataState",
    "DeltaSeen",
    "Disconnected",
    "DropSnapshot",
    "Effect",
    "Failed",
    "FetchChunks",
    "FetchDeltas",
    "FetchSnapshot",
    "FreshnessRules",
    "HeadSeen",
    "HeldDelta",
    "Known",
    "ListDelta",
    "ListError",
    "ListFault",
    "ListHead",
    "ListStanding",
    "OpenedList",
    "Refresh",
    "Reject",
    "RequestList",
    "Row",
    "SyncEvent",
    "SyncRules",
    "SyncState",
    "Tick",
    "check_chunk",
    "decode_row",
    "encode_row",
    "kind_of",
    "open_delta",
    "open_head",
    "pack_chunks",
    "read_chunk",
    "read_delta",
    "read_head",
    "row_key",
    "seal_delta",
    "seal_head",
    "standing_of",
    "step",
    "unpack_chunk",
]
