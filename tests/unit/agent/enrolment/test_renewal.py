from datetime import timedelta
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agent.enrolment import CertificatePair, CertificateRenewal, Endpoint, EstClient, certificate_pair, renewal_utc
from tests.support.clocks import HandClock
from tests.support.est.est_site import GATE, EstSite
from tests.support.est.gate_files import GateFiles, leave_dates_alone

DAY_S = 86_400.0
LIFE_DAYS = 150


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def gate(tmp_path):
    return GateFiles(tmp_path)


def renewal_of(gate, site, clock, url=None, link=None):
    client = EstClient(Endpoint.parse(url or site.url), 20.0)
    links = {} if link is None else {"mqtt": link}
    return CertificateRenewal(client, {"mqtt": gate.pair}, gate.files.server_ca, clock.now, links)


class BrokerThatKnows:
    """A link to a broker that takes some certificates: all, unless `takes` says otherwise."""

    def __init__(self, pair):
        self._pair = pair
        self.takes = lambda _certificate: True
        self.attempts = self.stood = 0
        self.is_up, self.causes = False, []
        self.try_again()

    def try_again(self):
        """What the agent's link does all the time."""
        self.attempts += 1
        self.is_up = self.takes(self._pair.certificate())
        if self.is_up:
            self.stood = self.attempts

    def reconnect(self, cause):
        self.causes.append(cause)
        self.try_again()


def day_by_day(renewal, clock, days, every_s=DAY_S):
    for _ in range(int(days * DAY_S / every_s)):
        clock.goes_on(every_s)
        renewal.look()


@pytest.fixture
def site(tmp_path, clock, mocker):
    leave_dates_alone(mocker)
    return EstSite(tmp_path / "est", f"certificate_days = {LIFE_DAYS}", utc=lambda: clock.utc)


def key_info(certificate):
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_in_a_year_a_certificate_is_renewed_three_times_each_by_the_one_before_it(site, gate, clock):
    with site.serving():
        gate.enrol(site, site.token(), utc=clock.utc)
        seen = [gate.certificate]
        renewal = renewal_of(gate, site, clock)
        for _ in range(365):
            day_by_day(renewal, clock, 1)
            if gate.certificate != seen[-1]:
                left = seen[-1].not_valid_after_utc.timestamp() - clock.utc
                assert left > 0.27 * LIFE_DAYS * DAY_S  # they overlap
                seen.append(gate.certificate)
                assert gate.good_for_the_link()
            assert not renewal.troubles()
        assert len(seen) == 4
        assert len({key_info(one) for one in seen}) == 4
        with site.opened() as registrar:
            assert len(registrar.register.certificates()) == 4


def test_it_is_due_after_two_thirds_of_its_life_and_a_draw_of_its_own(site, clock):
    with site.opened() as registrar:
        made = [
            registrar.issuer.issue(f"gate-{number}", registrar.issuer.certificate.public_key(), 300, clock.utc)
            for number in range(40)
        ]
    life_s = 300 * DAY_S + 3600
    shares = [(renewal_utc(one) - one.not_valid_before_utc.timestamp()) / life_s for one in made]
    assert min(shares) >= 0.666
    assert max(shares) <= 0.718
    assert max(shares) - min(shares) > 0.02


def test_a_server_that_is_away_for_a_month_is_told_and_asked_until_it_is_back(site, gate, clock):
    with site.serving():
        gate.enrol(site, site.token(), utc=clock.utc)
    before = gate.certificate
    renewal = renewal_of(gate, site, clock)
    day_by_day(renewal, clock, 108)
    assert "cannot be reached" in renewal.troubles()["mqtt"]
    day_by_day(renewal, clock, 30, every_s=3600.0)
    view = renewal.views[0]
    assert 30 * 4 <= view.attempts <= 30 * 8 + 20
    assert clock.utc - view.since_utc >= 30 * DAY_S
    assert gate.certificate == before
    assert gate.good_for_the_link()
    with site.serving():
        renewal = renewal_of(gate, site, clock)
        renewal.look()
        assert not renewal.troubles()
        assert gate.certificate != before


def test_the_first_retries_come_soon_and_the_later_ones_every_six_hours(site, gate, clock):
    with site.serving():
        gate.enrol(site, site.token(), utc=clock.utc)
    renewal = renewal_of(gate, site, clock)
    clock.goes_on(108 * DAY_S)
    tried = []
    for _ in range(3 * 24 * 60):
        renewal.look()
        if len(tried) < renewal.views[0].attempts:
            tried.append(clock.at)
        clock.goes_on(60.0)
    gaps = [later - sooner for sooner, later in pairwise(tried)]
    assert gaps[0] <= 120
    assert 3 * 3600 <= max(gaps) <= 6 * 3600 + 60
    assert min(gaps[-4:]) >= 3 * 3600 - 60


def test_a_gate_that_was_revoked_is_refused_and_keeps_what_it_has(site, gate, clock):
    with site.serving():
        gate.enrol(site, site.token(), utc=clock.utc)
        before = gate.certificate
        with site.opened() as registrar:
            registrar.register.revoke(GATE, clock.utc, "stolen")
        clock.goes_on(108 * DAY_S)
        renewal = renewal_of(gate, site, clock)
        renewal.look()
        assert "was revoked" in renewal.troubles()["mqtt"]
    assert gate.certificate == before
    # A new token lets it in again, with another certificate: the old one stays revoked.
    with site.serving():
        gate.enrol(site, site.token(), utc=clock.utc, again=True)
        with site.opened() as registrar:
            assert registrar.register.revoked()[0][0] == before.serial_number
            now = gate.certificate
            assert registrar.register.revoked_at(GATE, now.serial_number, clock.utc) is None


def test_a_certificate_that_another_program_of_the_authority_made_is_renewed_unless_its_gate_was_revoked(
    site, gate, clock
):
    with site.serving(), site.opened() as registrar:
        key = gate.pair.next_key()
        gate.pair.put([registrar.issuer.issue(GATE, key.public_key(), 730, clock.utc)])
        gate.files.server_ca.write_bytes(site.ca.read_bytes())
        first = gate.certificate
        renewal = renewal_of(gate, site, clock)
        clock.goes_on(530 * DAY_S)
        renewal.look()
        assert not renewal.troubles()
        assert gate.certificate != first
        assert registrar.register.revoke(GATE, clock.utc, "stolen", (first.serial_number,)) == sorted(
            [first.serial_number, gate.certificate.serial_number]
        )
        assert registrar.register.revoked_at(GATE, 12345, clock.utc - DAY_S) is not None
        assert registrar.register.revoked_at(GATE, 12345, clock.utc + DAY_S) is None


def test_one_that_has_ended_says_that_a_token_is_needed(site, gate, clock):
    with site.serving():
        gate.enrol(site, site.token(), utc=clock.utc)
    clock.goes_on((LIFE_DAYS + 1) * DAY_S)
    renewal = renewal_of(gate, site, clock)
    renewal.look()
    assert "run gate-agent enrol with a new token" in renewal.troubles()["mqtt"]


def test_an_authority_that_has_ended_is_told_by_server_and_gate(tmp_path, gate, clock, mocker):
    leave_dates_alone(mocker)
    site = EstSite(tmp_path / "est", authority_ends_s=400 * DAY_S, utc=lambda: clock.utc)
    with site.serving():
        gate.enrol(site, site.token(), utc=clock.utc)
        clock.goes_on(5 * 365 * DAY_S)
        renewal = renewal_of(gate, site, clock)
        renewal.look()
    assert "503" in renewal.troubles()["mqtt"]
    assert "expired on" in renewal.troubles()["mqtt"]


def test_a_start_puts_right_what_a_power_cut_left(site, gate, clock):
    with site.serving():
        gate.enrol(site, site.token(), utc=clock.utc)
        with site.opened() as registrar:
            key = gate.pair.next_key()
            fresh = registrar.issuer.issue(GATE, key.public_key(), 10, clock.utc)
        (gate.folder / "gate.pem.next").write_bytes(fresh.public_bytes(Encoding.PEM))
        (gate.folder / "gate.key.next").replace(gate.folder / "gate.key")
        renewal = renewal_of(gate, site, clock)
        renewal.start()
        try:
            assert gate.certificate == fresh
            assert gate.good_for_the_link()
        finally:
            assert renewal.stop()


def test_without_a_server_nothing_is_asked(gate, clock):
    renewal = CertificateRenewal(None, {"mqtt": gate.pair}, None, clock.now, {})
    renewal.look()
    assert not renewal.troubles()


def test_a_pair_in_one_file_and_a_missing_one_are_told(site, gate, clock, tmp_path):
    with site.serving():
        gate.enrol(site, site.token(), utc=clock.utc)
        both = tmp_path / "both.pem"
        both.write_bytes(gate.pair.certificate_file.read_bytes() + gate.pair.key_file.read_bytes())
        client = EstClient(Endpoint.parse(site.url), 20.0)
        pairs = {
            "mqtt": CertificatePair(both, both),
            "site": CertificatePair(tmp_path / "none.pem", tmp_path / "none.key"),
        }
        renewal = CertificateRenewal(client, pairs, gate.files.server_ca, clock.now, {})
        clock.goes_on(timedelta(days=108).total_seconds())
        renewal.look()
    assert "two files" in renewal.troubles()["mqtt"]
    assert "no certificate yet" in renewal.troubles()["site"]


@pytest.fixture
def due(site, gate, clock):
    """A gate with a link, whose certificate is due; and the certificate."""
    with site.serving():
        gate.enrol(site, site.token(), utc=clock.utc)
        clock.goes_on(108 * DAY_S)
        yield BrokerThatKnows(gate.pair), gate.certificate


def test_a_renewed_certificate_is_shown_at_once_and_proven_by_a_connection(site, gate, clock, due):
    link, before = due
    renewal = renewal_of(gate, site, clock, link=link)
    renewal.look()
    assert link.causes == ["the certificate is renewed"]
    assert gate.pair.on_trial(clock.utc)
    clock.goes_on(60.0)
    renewal.look()
    assert gate.certificate != before
    assert not gate.pair.on_trial(clock.utc)
    assert not renewal.troubles()
    assert not any("unproven" in name for name in gate.names())


def test_a_connection_that_began_before_the_renewal_proves_nothing_and_is_made_again(site, gate, clock, due):
    link, _ = due
    link.try_again()
    under_way = link.attempts
    link.is_up, link.stood = False, 0
    link.reconnect = link.causes.append  # what is not up yet is not ended
    renewal = renewal_of(gate, site, clock, link=link)
    renewal.look()
    link.is_up, link.stood = True, under_way  # by the certificate of before
    clock.goes_on(60.0)
    renewal.look()
    assert gate.pair.on_trial(clock.utc)
    assert link.causes == ["the certificate is renewed"] * 2
    link.try_again()
    clock.goes_on(60.0)
    renewal.look()
    assert not gate.pair.on_trial(clock.utc)


def test_one_that_no_broker_takes_makes_room_for_the_one_before_and_is_told_until_another_is_taken(
    site, gate, clock, due
):
    link, before = due
    link.takes = lambda certificate: certificate == before
    renewal = renewal_of(gate, site, clock, link=link)
    cut_off_s = 0
    for _ in range(24 * 60):  # a day and a night, a look a minute
        renewal.look()
        link.try_again()
        cut_off_s += 0 if link.is_up else 60
        clock.goes_on(60.0)
    assert gate.certificate == before
    assert link.is_up
    assert cut_off_s <= 360
    assert "no broker accepts the new certificate" in renewal.troubles()["mqtt"]
    since = renewal.views[0].since_utc
    link.takes = lambda _certificate: True
    day_by_day(renewal, clock, 1)
    assert renewal.views[0].since_utc == since  # told until a broker has taken it
    day_by_day(renewal, clock, 1 / 24, every_s=60.0)
    assert gate.certificate != before
    assert not renewal.troubles()


def test_without_a_way_back_that_holds_the_new_certificate_stays(site, gate, clock, due):
    link, before = due
    link.takes = lambda certificate: certificate == before
    renewal = renewal_of(gate, site, clock, link=link)
    renewal.look()
    clock.utc = before.not_valid_after_utc.timestamp() - DAY_S
    day_by_day(renewal, clock, 1 / 24, every_s=60.0)
    assert gate.certificate != before  # the one before could not get another one any more


def test_brokers_that_are_away_until_the_certificate_ends_leave_the_gate_with_one_that_holds(site, gate, clock, due):
    link, before = due
    link.takes = lambda _certificate: False
    renewal = renewal_of(gate, site, clock, link=link)
    while clock.utc < before.not_valid_after_utc.timestamp() + DAY_S:
        day_by_day(renewal, clock, 1 / 144, every_s=60.0)
        clock.goes_on(DAY_S / 4)
    assert gate.certificate.not_valid_after_utc.timestamp() > clock.utc


def test_after_a_restart_a_new_certificate_is_still_on_trial(site, gate, clock, due):
    link, before = due
    renewal_of(gate, site, clock, link=link).look()
    link.attempts = link.stood = 0  # of another process, which no broker takes
    link.is_up = False
    renewal = renewal_of(gate, site, clock, link=link)
    day_by_day(renewal, clock, 1 / 144, every_s=60.0)
    assert gate.certificate == before
    assert renewal.troubles()


def test_a_power_cut_at_any_write_of_the_way_back_leaves_a_pair_that_belongs_together(site, gate, clock, due, mocker):
    link, before = due
    link.takes = lambda certificate: certificate == before
    renewal_of(gate, site, clock, link=link).look()
    refused = gate.certificate
    real, seen = certificate_pair.put_file, []
    for cut in range(1, 10):
        writes = iter(range(1, 100))

        def put(path, content, mode, cut=cut, writes=writes):
            if next(writes) == cut:
                raise PowerCutError
            real(path, content, mode)

        mocker.patch.object(certificate_pair, "put_file", put)
        try:
            gate.pair.go_back()
        except PowerCutError:
            mocker.patch.object(certificate_pair, "put_file", real)
            gate.pair.recover()
            seen.append(gate.certificate)
            assert gate.good_for_the_link()
            if gate.certificate == refused:
                assert gate.pair.on_trial(clock.utc)
                gate.pair.prove()
                assert key_info_of(gate.pair.next_key()) != key_info(before)  # nobody is asked with an old key
                return_to_trial(gate, refused)
            continue
        break
    assert gate.certificate == before
    assert seen
    assert refused in seen


class PowerCutError(Exception):
    pass


def key_info_of(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def return_to_trial(gate, certificate):
    """As it was before it was proven, without the key that was made for the next request."""
    (gate.folder / "gate.key.next").unlink()
    (gate.folder / "gate.pem.unproven").write_text(certificate.fingerprint(hashes.SHA256()).hex())
