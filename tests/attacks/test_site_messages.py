"""What gates of a site say to one another, repeated, withheld, reordered, forged, and from before (trust L4).

Each attack is made twice: on a hub in memory, and on a broker that is hostile, over MQTT.
"""

import json
from base64 import urlsafe_b64encode
from contextlib import ExitStack, contextmanager, suppress

import pytest

from agent.core.crypto import JwsType, jws
from agent.core.site.claim_answers import ClaimCode
from agent.core.site.messages import Claim, ClaimQuery, Hello, RowsRequest
from agent.core.site.signed_messages import Place
from tests.support.mqtt.mosquitto import needs_mosquitto
from tests.support.site.hostile_broker import HostileBroker
from tests.support.site.sites import (
    KEYS,
    PLACE,
    Hub,
    SiteGate,
    membership_of,
    outcome,
    passes,
    request,
    rules,
    said_in,
    vehicle_of,
)
from tests.support.waiting import PATIENCE_S, eventually, scaled

TWO = ("east", "north")
AT_EAST, AT_NORTH = (vehicle_of(gate, TWO) for gate in TWO)
PERMIT = b"\x07" * 8
PATIENT = rules(claim_timeout_s=scaled(0.5))
"""Two brokers and who carries between them stand on the way of each word."""


class InMemory(Hub):
    """A hub without a broker."""

    def gate(self, folder, name, **options):
        return SiteGate(self, folder, name, gates=TWO, **options)


class Attacked:
    """East and north, and who stands between them."""

    def __init__(self, hub, folder):
        self.hub, self._folder, self._boot = hub, folder, 1
        self.gates = {name: hub.gate(folder, name, rules=PATIENT) for name in TWO}

    def __getattr__(self, name):
        return self.gates[name]

    def restart(self, name):
        """End a gate as an update does, and start it again."""
        self._boot += 1
        self.hub._links.pop(name, None)
        self.gates.pop(name).close()
        self.gates[name] = self.hub.gate(self._folder, name, boot=f"b{self._boot}", rules=PATIENT)
        self.met()
        return self.gates[name]

    def met(self):
        """Wait until each takes what the other says, and has all that it knows."""
        eventually(lambda: all(gate.ready() and met(gate) for gate in self.gates.values()), what="the gates' meeting")
        eventually(lambda: knows_session(self.east, self.north), what="north's session of now at east")
        eventually(lambda: knows_session(self.north, self.east), what="east's session of now at north")
        eventually(lambda: self.east.knows(self.north) and self.north.knows(self.east), what="all rows on both sides")

    def said(self, kind, by, **what):
        """The texts of a kind that a gate has said, the newest last; `what`: fields that they must have."""
        texts = [text for said, _receivers, text in list(self.hub.past) if said == kind]
        return [text for text in texts if said_in(text)["gate"] == by and what.items() <= said_in(text)["said"].items()]

    def bring(self, to, text):
        """Hand a text to a gate, as whoever has the broker can."""
        self.hub.hand_over("", [to], text)

    def close(self):
        for gate in self.gates.values():
            gate.close()


def met(gate):
    return all(peer["met"] for peer in gate.service.status()["peers"].values())


def knows_session(gate, other):
    """Whether a gate has met another in the session that the other has now, and not in the one before a restart."""
    return gate.service._sessions._peers[other.gate].session == other.service._sessions._session


def refused(gate, fault):
    return gate.service.status()["refused"].get(fault, 0)


def trouble(gate, peer):
    return gate.service.status()["peers"][peer]["trouble"]


def sealed(said, place, *, by="north", to="east", key=None):
    """A text as a gate would say it."""
    return membership_of(by, TWO).sealed(said, to, place, key or KEYS[by])


def place_of(text):
    return Place(said_in(text)["session"], said_in(text)["number"])


def resigned(text, change, key):
    """A text with something in it changed, signed by this key in the name of the gate that said it."""
    said = said_in(text)
    kid = jws.key_named_by(text.decode(), JwsType.SITE_MESSAGE)
    return jws.sign(json.dumps(said | change).encode(), key, kid, JwsType.SITE_MESSAGE).encode()


def untyped(payload, key):
    """A signed text as it was before signed texts named their type."""
    header = json.dumps({"alg": "EdDSA", "kid": jws.kid_of(key.public)}).encode()
    message = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in (header, payload))
    return message + b"." + urlsafe_b64encode(key.sign(message)).rstrip(b"=")


@contextmanager
def between(way, folder):
    """East and north by this way; what they have said is known to whoever is between them."""
    with ExitStack() as stack:
        hub = InMemory() if way == "memory" else stack.enter_context(HostileBroker(folder, TWO))
        found = Attacked(hub, folder)
        stack.callback(found.close)
        found.met()
        yield found


@pytest.fixture(params=["memory", pytest.param("mqtt", marks=needs_mosquitto)])
def site(request, tmp_path):
    with between(request.param, tmp_path) as found:
        yield found


class TestRepeated:
    def test_after_a_restart_a_request_for_everything_voids_no_live_claim(self, site):
        """L4: a gate that was restarted had forgotten which requests it had answered; an old one made void what it had
        been granted since.
        """
        old = site.said("want", "north", stream="")
        assert old, "each gate asks for everything at its first start"
        east = site.restart("east")
        asked = request(AT_NORTH, "t1", permit=PERMIT)
        assert east.claim(asked).code is ClaimCode.GRANTED
        for text in old:
            site.bring("east", text)
        eventually(lambda: refused(east, "no_session") + refused(east, "replayed") >= len(old), what="the refusals")
        assert east.service._own.of_home("north"), "the claim is alive"
        east.reserve(asked)

    def test_after_a_restart_of_its_gate_it_is_of_a_former_session(self, site):
        """L4: the session of a gate ends with its connection; all that was said in it is of no use afterwards."""
        old = [text for _kind, _receivers, text in list(site.hub.past) if said_in(text)["gate"] == "north"]
        site.restart("north")
        asked = request(AT_NORTH, "t1", permit=PERMIT)
        assert site.east.claim(asked).code is ClaimCode.GRANTED
        before = refused(site.east, "no_session")
        rest = [text for text in old if said_in(text)["said"]["kind"] != "hello"]
        for text in rest:
            site.bring("east", text)
        eventually(lambda: refused(site.east, "no_session") >= before + len(rest), what="the refusals")
        site.east.reserve(asked)

    def test_without_a_restart_it_is_refused_as_well(self, site):
        """L4: a number is taken once."""
        passes(site.north, request(AT_EAST, "t1", permit=PERMIT))
        site.met()
        past = [text for _kind, _receivers, text in list(site.hub.past) if said_in(text)["gate"] == "north"]
        asked = request(AT_NORTH, "t2", permit=b"\x08" * 8)
        assert site.east.claim(asked).code is ClaimCode.GRANTED
        before = refused(site.east, "replayed")
        rest = [text for text in past if said_in(text)["said"]["kind"] != "hello"]
        for text in rest:
            site.bring("east", text)
        eventually(lambda: refused(site.east, "replayed") >= before + len(rest), what="the refusals")
        site.east.reserve(asked)

    def test_a_claim_blocks_no_permit(self, site):
        """L4: a claim from before made the home gate keep the use for a transaction that was long over."""
        passes(site.north, request(AT_EAST, "t1", permit=PERMIT))
        site.met()
        claim, *_ = site.said("claim", "north")  # it is said again where the two meet meanwhile
        site.restart("north")
        site.bring("east", claim)
        eventually(lambda: refused(site.east, "no_session"), what="the refusal")
        eventually(lambda: not site.east.doubts(), what="no use kept for it")

    def test_a_greeting_of_a_former_session_ends_no_session(self, site):
        """L4: a challenge may be an old one; it is answered and proves nothing. An old answer is to an old nonce."""
        old = site.said("hello", "north")
        site.restart("north")
        before = site.east.service._sessions._peers["north"].session
        for text in old * 3:
            site.bring("east", text)
        asked = request(AT_NORTH, "t1", permit=PERMIT)
        assert site.east.claim(asked).code is ClaimCode.GRANTED
        site.east.reserve(asked)
        assert site.east.service._sessions._peers["north"].session == before


class TestWithheldAndReordered:
    def test_a_message_that_comes_after_a_later_one_is_not_taken(self, site):
        """L4: north's claim is withheld until north has given up and has said so; then it is brought."""
        site.hub.held = {"claim"}
        assert site.north.claim(request(AT_EAST, "t1", permit=PERMIT)).code is ClaimCode.LEDGER_UNREACHABLE
        eventually(lambda: site.said("over", "north"), what="the word that the claim is over")
        eventually(lambda: site.hub.waiting, what="the claim withheld")
        eventually(
            lambda: (
                site.east.service._sessions._peers["north"].number >= place_of(site.said("over", "north")[-1]).number
            ),
            what="the later word taken",
        )
        site.hub.let_go("claim")
        eventually(lambda: refused(site.east, "replayed"), what="the late claim refused")
        assert not site.east.doubts()
        passes(site.east, request(AT_EAST, "t2", permit=PERMIT))

    def test_two_messages_in_the_wrong_order_are_one(self, site):
        """L4: the later of two claims is taken, the earlier one is not, and the permit passes once."""
        site.hub.held = {"claim"}
        for number in (1, 2):
            site.north.claim(request(AT_EAST, f"t{number}", permit=bytes([number]) * 8))

        def withheld():
            """The first text of each claim: it is said again where the two meet meanwhile."""
            waiting = [text for _kind, _receivers, text in reversed(list(site.hub.waiting))]
            return {said_in(text)["said"]["id"]: text for text in waiting}

        eventually(lambda: len(withheld()) == 2, what="both claims withheld")
        first, second = sorted(withheld().values(), key=lambda text: place_of(text).number)
        site.hub.waiting, site.hub.held = [], set()
        number = place_of(second).number
        later = site.east.service._sessions._peers["north"].number > number
        for text in (second, first):
            site.bring("east", text)
        eventually(lambda: refused(site.east, "replayed") >= (2 if later else 1), what="the refusal")
        passes(site.north, request(AT_EAST, "t3", permit=b"\x01" * 8))

    def test_what_never_came_is_counted(self, site):
        """L4: a number that is missing tells that somebody, or the network, has kept a message back."""
        before = site.east.service.status()["peers"]["north"]["missed"]
        site.hub.lose("claim")
        assert site.north.claim(request(AT_EAST, "t1", permit=PERMIT)).code is ClaimCode.LEDGER_UNREACHABLE
        site.hub.lose()
        eventually(lambda: site.east.service.status()["peers"]["north"]["missed"] > before, what="the gap")
        passes(site.north, request(AT_EAST, "t2", permit=PERMIT))

    def test_gates_that_cannot_greet_one_another_say_so_and_decide_as_when_they_are_apart(self, site):
        """L4: without a meeting nothing is taken, and nothing passes on another gate's word."""
        site.hub.lose("hello")
        site.north.close()
        site.gates["north"] = north = site.hub.gate(site._folder, "north", boot="b9", rules=PATIENT)
        assert not met(north)
        assert outcome(north, request(AT_EAST, "t1", permit=PERMIT))[0] is ClaimCode.LEDGER_UNREACHABLE
        assert not met(north)
        site.hub.lose()
        site.met()
        passes(north, request(AT_EAST, "t2", permit=PERMIT))


class TestForged:
    @pytest.mark.parametrize("change", [{"number": 10**6}, {"session": "00" * 16}, {"to": "*"}, {"site": 8}])
    def test_a_message_that_was_changed_is_refused(self, site, change):
        """L4: session and number are signed with the rest."""
        text = site.said("want", "north")[-1]
        for key in (KEYS["stranger"], KEYS["east"]):
            site.bring("east", resigned(text, change, key) if change != {"to": "*"} else resigned(text, {}, key))
        eventually(lambda: refused(site.east, "signature_invalid") == 2, what="the refusals")
        assert met(site.east)

    def test_a_message_of_a_gate_that_is_not_of_the_site_is_refused(self, site):
        """L4"""
        stranger = membership_of("stranger", ("stranger", *TWO))
        session = place_of(site.said("want", "north")[-1]).session
        said = RowsRequest(whole="w1")
        site.bring("east", stranger.sealed(said, "east", Place(session, 10**6), KEYS["stranger"]))
        eventually(lambda: refused(site.east, "key_unknown"), what="the refusal")


class TestOfAnotherGateOfTheSite:
    """A hostile gate of the site has a key of its own and may publish to every gate; what it signs is its own word."""

    GATES = ("east", "north", "south")

    @pytest.fixture
    def three(self, tmp_path):
        hub = Hub()
        gates = [SiteGate(hub, tmp_path, name) for name in self.GATES]
        eventually(lambda: all(gate.ready() and met(gate) for gate in gates), what="the gates' meeting")
        yield hub, *gates
        for gate in gates:
            gate.close()

    def test_it_cannot_answer_the_challenge_of_one_for_another(self, three, monkeypatch):
        """L4: south answers the nonce that east gave north, in north's name and in its own: north's session stays."""
        monkeypatch.setattr("agent.core.site.peer_session.ANSWER_S", PATIENCE_S)  # then another nonce takes its place
        hub, east, _north, _south = three
        hub.lose("hello")
        east.service._sessions.connected()
        nonce = east.service._sessions._peers["north"].nonce
        before = east.service._sessions._peers["north"].session
        unproven = refused(east, "no_session")  # until gates have met, some may be refused
        answer = Hello(answer=nonce, rows_number=0)
        east.link.bring(membership_of("south").sealed(answer, "east", PLACE, KEYS["south"]))
        east.link.bring(membership_of("north").sealed(answer, "east", PLACE, KEYS["south"]))
        forged = jws.sign(
            json.dumps(said_in(membership_of("north").sealed(answer, "east", PLACE, KEYS["north"]))).encode(),
            KEYS["south"],
            jws.kid_of(KEYS["north"].public),
            JwsType.SITE_MESSAGE,
        )
        east.link.bring(forged.encode())
        eventually(
            lambda: (refused(east, "wrong_gate"), refused(east, "signature_invalid")) == (1, 1), what="the refusals"
        )
        assert refused(east, "no_session") > unproven, "the first of the three, taken in before the others"
        assert east.service._sessions._peers["north"].session == before
        assert east.service._sessions._peers["north"].nonce == nonce

    def test_what_it_heard_from_one_is_of_no_use_at_another(self, three):
        """L4: what north said to south is not for east, and what north told all is taken once."""
        hub, east, north, south = three
        to_south = [text for _kind, receivers, text in list(hub.past) if receivers == ["south"]]
        of_north = [text for text in to_south if said_in(text)["gate"] == "north"]
        for text in of_north:
            east.link.bring(text)
        eventually(lambda: refused(east, "wrong_gate") == len(of_north), what="the refusals")
        told = [text for _kind, receivers, text in list(hub.past) if len(receivers) > 1]
        told = [text for text in told if said_in(text)["gate"] == "north"]
        before = refused(east, "replayed") + refused(east, "no_session")
        for text in told:
            east.link.bring(text)
        eventually(
            lambda: refused(east, "replayed") + refused(east, "no_session") >= before + len(told), what="the refusals"
        )
        home_east = vehicle_of("east")
        for number, gate in enumerate((north, south)):
            passes(gate, request(home_east, f"t{number}", permit=bytes([number]) * 8))

    def test_a_greeting_to_all_is_none(self, three):
        """L4: a challenge is for one gate."""
        _hub, east, _north, _south = three
        east.link.bring(membership_of("south").sealed(Hello(challenge="00" * 16), "*", PLACE, KEYS["south"]))
        eventually(lambda: refused(east, "wrong_topic") == 1, what="the refusal")


class TestOfAnotherVersion:
    """A site in the middle of an update: one gate speaks the messages of before, which have no sessions."""

    @staticmethod
    def old(said, *, by="north", to="east"):
        """A text as an agent before the sessions says it."""
        text = sealed(said, PLACE, by=by, to=to)
        envelope = {name: what for name, what in said_in(text).items() if name not in {"session", "number"}}
        return untyped(json.dumps(envelope | {"v": 1}).encode(), KEYS[by])

    @pytest.fixture
    def alone(self, tmp_path):
        """East, whose only neighbour is an older agent."""
        hub = InMemory()
        east = hub.gate(tmp_path, "east")
        yield east
        east.close()

    def test_nothing_of_it_is_taken_and_the_status_says_so(self, alone):
        """L4: a fall back to messages without sessions would let old ones be repeated again."""
        alone.link.bring(self.old(RowsRequest(whole="w1")))
        eventually(lambda: trouble(alone, "north") and refused(alone, "other_version"), what="the trouble")
        assert trouble(alone, "north") == (
            "it uses version 1 of the messages between gates, and this gate uses version 2: install the "
            "same version of gate-agent at both"
        )
        assert (refused(alone, "other_version"), met(alone)) == (1, False)
        assert outcome(alone, request(AT_NORTH, "t1"))[0] is ClaimCode.LEDGER_UNREACHABLE

    @pytest.mark.parametrize(
        "said",
        [
            RowsRequest(whole="w1"),
            Claim(id="t1:1", permit="07" * 8, vehicle=AT_EAST, direction="export", max_uses=1, already_exited_s=0.0),
            ClaimQuery(id="t1:1", permit="07" * 8),
        ],
        ids=lambda said: said.kind,
    )
    def test_what_was_said_before_an_update_is_of_no_use_after_it(self, site, said):
        """L4: both gates have the new version; the texts of the old one are still known to whoever heard them."""
        asked = request(AT_NORTH, "t1", permit=b"\x09" * 8)
        assert site.east.claim(asked).code is ClaimCode.GRANTED
        site.bring("east", self.old(said))
        eventually(lambda: refused(site.east, "other_version"), what="the refusal")
        assert (trouble(site.east, "north"), site.east.doubts()) == ("", [])
        site.east.reserve(asked)

    def test_the_trouble_ends_when_the_neighbour_is_updated(self, tmp_path):
        """L4"""
        hub = InMemory()
        with ExitStack() as stack:
            east = hub.gate(tmp_path, "east")
            stack.callback(east.close)
            east.link.bring(self.old(RowsRequest(whole="w1")))
            eventually(lambda: trouble(east, "north"), what="the trouble")
            north = hub.gate(tmp_path, "north")
            stack.callback(north.close)
            eventually(lambda: met(east) and met(north), what="the meeting")
            assert trouble(east, "north") == ""
            eventually(lambda: east.ready() and north.ready(), what="both ledgers complete")
            passes(north, request(AT_EAST, "t1", permit=PERMIT))


def test_a_flood_of_old_greetings_and_claims_leaves_the_gates_at_work(tmp_path):
    """L4: each old greeting is answered, which costs a signature; beside that nothing happens."""
    with between("memory", tmp_path) as site:
        site.restart("north")
        for text in [text for _kind, _receivers, text in list(site.hub.past)] * 20:
            with suppress(KeyError):
                site.bring(said_in(text)["to"] if said_in(text)["to"] != "*" else "east", text)
        eventually(lambda: not site.east.service._dispatcher.claims._todo.qsize(), what="all of it looked at")
        asked = request(AT_EAST, "t1", permit=PERMIT)
        eventually(lambda: site.north.claim(asked).code is ClaimCode.GRANTED, what="a grant")
