"""Which gate of a site is the home gate of a vehicle, and what stands for its list of gates."""

from collections import Counter

import pytest

from agent.core.site.home_gate import home_gate, site_digest
from tests.support.site.sites import GATES, KEYS

VINS = [f"LSVAA4182E{number:07d}" for number in range(3000)]


class TestHomeGate:
    def test_is_the_same_whatever_the_order_of_the_gates(self):
        assert all(home_gate(vin, GATES) == home_gate(vin, reversed(GATES)) for vin in VINS)

    def test_gives_every_gate_its_share(self):
        shares = Counter(home_gate(vin, GATES) for vin in VINS)
        assert all(abs(shares[gate] - len(VINS) / 3) < len(VINS) / 15 for gate in GATES)

    def test_moves_only_the_vehicles_of_a_gate_that_is_taken_out(self):
        fewer = [gate for gate in GATES if gate != "south"]
        moved = [vin for vin in VINS if home_gate(vin, GATES) != home_gate(vin, fewer)]
        assert {home_gate(vin, GATES) for vin in moved} == {"south"}

    def test_needs_a_gate(self):
        with pytest.raises(ValueError, match="empty"):
            home_gate(VINS[0], ())


class TestSiteDigest:
    def test_stands_for_gates_and_keys_in_any_order(self):
        gates = [(gate, KEYS[gate].public.raw) for gate in GATES]
        assert site_digest(gates) == site_digest(reversed(gates))

    @pytest.mark.parametrize(
        "other", [[("east", b"1"), ("north", b"3")], [("east", b"1")], [("east", b"1"), ("west", b"2")]]
    )
    def test_differs_with_another_key_or_gate(self, other):
        assert site_digest([("east", b"1"), ("north", b"2")]) != site_digest(other)


class TestOtherVersions:
    """Gates of one site may run two versions of the agent for a while: what they must agree on never changes."""

    def test_of_the_agent_find_the_same_home_gate(self):
        assert [home_gate(vin, GATES) for vin in VINS[:6]] == ["south", "east", "east", "east", "east", "north"]

    def test_of_the_agent_know_the_same_site(self):
        assert site_digest([("north", b"\x02"), ("east", b"\x01")]) == "b48b132f99f25509"
