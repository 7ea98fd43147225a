"""What the gates of a site find in one another's ledgers."""

from agent.core.events.event_types import Draft, LedgerConflict
from agent.core.site.permit_uses import Conflict

PERMIT = "0102030405060708"
VIN = "LSVAA4182E0000000"


def test_two_gates_that_consumed_one_use_are_told_of_in_an_event():
    found = Conflict(bytes.fromhex(PERMIT), 2, ("east", "north"), ("t1", "t2"), VIN)
    event = LedgerConflict(permit=PERMIT, use=2, gates=("east", "north"), transactions=("t1", "t2"), vin=VIN)
    assert found.draft(1_795_000_000.0) == Draft(event, None, None, 1_795_000_000.0)
