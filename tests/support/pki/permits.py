"""A permit and its keys, for tests of what is around the judgement."""

from agent.core.crypto.keys import SigningKey
from agent.core.permit.claims import Permit
from agent.core.permit.issue import DAY_S

NOW = 1_795_000_000
KEY = SigningKey.from_seed(b"e" * 32)
PERMIT = Permit(
    permit_id=bytes(range(8)),
    issuer="KHE",
    key_id=KEY.public.key_id,
    not_before=NOW - 3600,
    expires_at=NOW + 3 * DAY_S,
    issued_at=NOW - 7200,
    declaration=941120260000012345,
    vin="LSVAA49J132047371",
    plate=None,
    plate_kind=None,
    energy=1,
    site=9411,
    lane_mask=0,
    direction="export",
    max_uses=2,
)
