"""What the gates of a site agree on: claims on a permit's use, the shared ledger, and their signed messages.

Rules and forms alone; the network and the disk are elsewhere.
"""

from agent.core.site.claim_answers import CLAIMS, ClaimAnswer, ClaimCode, ClaimRequest, PartitionPolicy
from agent.core.site.ledger import (
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
from agent.core.site.messages import (
    EVERYBODY,
    ROWS_A_MESSAGE,
    Alive,
    Answer,
    Claim,
    Membership,
    OpenedMessage,
    Over,
    Query,
    Rows,
    SiteMessage,
    SiteMessageError,
    Want,
    rows_from_message,
    rows_to_message,
)

__all__ = [
    "CLAIMS",
    "EVERYBODY",
    "ROWS_A_MESSAGE",
    "Alive",
    "Answer",
    "Claim",
    "ClaimAnswer",
    "ClaimCode",
    "ClaimRefusal",
    "ClaimRequest",
    "ClaimRow",
    "ClaimVerdict",
    "Conflict",
    "Consent",
    "Cursor",
    "Membership",
    "OpenedMessage",
    "OtherExit",
    "Over",
    "PartitionPolicy",
    "PeerRow",
    "Query",
    "Rows",
    "SiteMessage",
    "SiteMessageError",
    "Taken",
    "Want",
    "rows_from_message",
    "rows_to_message",
]
