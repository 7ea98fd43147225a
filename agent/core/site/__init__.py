"""What the gates of a site agree on: claims on the use of a permit, the shared ledger, and their signed messages.

Contains only rules and formats. `agent.site` uses the network and the disk.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.site.claim_answers import CLAIMS, ClaimAnswer, ClaimCode, ClaimRequest
    from agent.core.site.messages import (
        EVERYBODY,
        HEADS_A_MESSAGE,
        ROWS_A_MESSAGE,
        VERSION,
        Claim,
        ClaimActive,
        ClaimEnded,
        ClaimQuery,
        ClaimReply,
        Hello,
        Rows,
        RowsRequest,
        SiteFault,
        SiteMessage,
        SiteMessageError,
        rows_from_message,
        rows_to_message,
    )
    from agent.core.site.partition_policy import PartitionPolicy
    from agent.core.site.peer_session import PeerSession
    from agent.core.site.permit_uses import (
        ClaimRefusal,
        ClaimRow,
        ClaimVerdict,
        Conflict,
        Consent,
        Cursor,
        OtherExit,
        PeerRow,
        Taken,
    )
    from agent.core.site.signed_messages import Membership, OpenedMessage, Place
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "CLAIMS",
    "EVERYBODY",
    "HEADS_A_MESSAGE",
    "ROWS_A_MESSAGE",
    "VERSION",
    "Claim",
    "ClaimActive",
    "ClaimAnswer",
    "ClaimCode",
    "ClaimEnded",
    "ClaimQuery",
    "ClaimRefusal",
    "ClaimReply",
    "ClaimRequest",
    "ClaimRow",
    "ClaimVerdict",
    "Conflict",
    "Consent",
    "Cursor",
    "Hello",
    "Membership",
    "OpenedMessage",
    "OtherExit",
    "PartitionPolicy",
    "PeerRow",
    "PeerSession",
    "Place",
    "Rows",
    "RowsRequest",
    "SiteFault",
    "SiteMessage",
    "SiteMessageError",
    "Taken",
    "rows_from_message",
    "rows_to_message",
]
