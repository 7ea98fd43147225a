"""A gate's certificate over a simulated year: `python -m tests.fleet.certificates [COURSE...] [--fault NAME]`.

The gate's renewal and its link, the EST server and mosquitto with the samples are the real ones; their clock is moved
on, a day at a time (mosquitto's by faketime). Every fifth day the gate connects again. What must be true: how often it
was renewed, for how long it was cut off, and what it tells central. Exit code 1 where something is not; `--fault` puts
a fault in, which must be found.
"""

import argparse
import logging
import sys
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from agent.assembly.certificates import ClientLink
from agent.broker import BrokerAddress, TlsFiles
from agent.clock import Clock
from agent.core.model import ExpiryKind
from agent.enrolment import CertificatePair, CertificateRenewal, Endpoint, EstClient, ExpiryFile, ExpiryTable
from agent.enrolment.pair_trial import HOLDS_S
from agent.mqtt import ClientSettings, MqttClient
from tests.fleet.progress import Progress, report, table
from tests.soak.__main__ import FAKETIME
from tests.support.clocks import HandClock
from tests.support.est.est_site import FAR_S, GATE, EstSite
from tests.support.est.gate_files import GateFiles, leave_dates_alone
from tests.support.mqtt.mosquitto import SampleBroker
from tests.support.waiting import PATIENCE_S, eventually

DAY_S, MINUTE_S = 86_400.0, 60.0
YEAR_DAYS = 365
LIFE_DAYS = 150
WARNED_DAYS = 21
"""As the alert rules have it."""
ASKED_EVERY_DAYS = 5
REFUSED_S = 0.5
"""Real time in which an attempt at a broker of this machine comes to an end, many times over."""
LONGEST_CUT_MIN = 6
"""A gate that a renewed certificate cuts off for longer has no way back, and its course ends."""
FAULTS = {"no way back": "a gate does not go back to the certificate that holds"}
HEADINGS = (
    *("course", "days", "renewed", "undone", "cut off, min", "most a day", "warned before", "told by the gate", ""),
)


@dataclass
class Course:
    """What happened in one course. `cut_off`: minutes, by day. `told`: what the gate said of its certificate."""

    name: str
    days: int = 0
    certificates: list = field(default_factory=list)
    undone: int = 0
    cut_off: dict = field(default_factory=dict)
    told: list = field(default_factory=list)
    warned_day: int | None = None
    wrongs: list = field(default_factory=list)

    @property
    def renewed(self):
        return len(self.certificates) - 1

    def check(self, right, words):
        """Note what is wrong."""
        if not right:
            self.wrongs.append(f"{self.name}: {words}")

    def row(self, ends_day):
        warned = "-" if self.warned_day is None else f"{ends_day - self.warned_day} days"
        counts = (self.days, self.renewed, self.undone, sum(self.cut_off.values()))
        most = max(self.cut_off.values(), default=0)
        words = "; ".join(self.told) or "-"
        return (self.name, *counts, most, warned, words, "FAILED" if self.wrongs else "ok")


class NoWayBackError(Exception):
    """A certificate that no broker takes has not been undone in its time."""


class World:
    """One gate, its EST server and its broker, all by one clock that is moved by hand."""

    def __init__(self, folder, stack, name, **site):
        self.clock, self._stack = HandClock(utc=Clock().now().utc), stack
        self._began = self.clock.utc
        self.course = Course(name)
        self.site = EstSite(folder / "est", f"certificate_days = {LIFE_DAYS}", utc=lambda: self.clock.utc, **site)
        self._offset = folder / "offset"
        self.broker = SampleBroker(folder, GATE)
        self.broker.environment = {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self._offset),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        self._known = folder / "ca.crt"
        self.gate = GateFiles(folder)
        self.gate.files.broker_ca.write_bytes(self._known.read_bytes())
        self._known.write_bytes(self.site.ca.read_bytes())
        self._move_broker()
        stack.enter_context(self.broker)
        self._server = stack.enter_context(ExitStack())
        self.serve()
        self.enrol()
        self.client = MqttClient(self._settings(), None)
        self.client.start()
        stack.callback(self.client.stop)
        self._made_renewal()
        file = self.gate.pair.certificate_file
        own = ExpiryFile(ExpiryKind.CERTIFICATE, "mqtt", file, own=True, renewed=True)
        authority = ExpiryFile(ExpiryKind.AUTHORITY, "enrolment", self.gate.files.server_ca, own=False)
        self._expiries = ExpiryTable((own, authority), lambda: None)

    def _settings(self):
        files = TlsFiles(self.gate.files.broker_ca, self.gate.pair.certificate_file, self.gate.pair.key_file)
        return ClientSettings(
            gate=GATE,
            brokers=(BrokerAddress("localhost", self.broker.port, tls=True),),
            tls=files,
            first_retry_s=0.02,
            retry_cap_s=0.1,
            start_spread_s=0.0,
            stable_after_s=0.0,
        )

    def _made_renewal(self):
        client = EstClient(Endpoint.parse(self.site.url), PATIENCE_S)
        links = {"mqtt": ClientLink(self.client)}
        pairs = {"mqtt": self.gate.pair}
        self.renewal = CertificateRenewal(client, pairs, self.gate.files.server_ca, self.clock.now, links)

    def serve(self):
        """Start the EST server, again where it runs; it has a port of its own each time."""
        self._server.close()
        self._server.enter_context(self.site.serving())
        if hasattr(self, "client"):
            self._made_renewal()

    def enrol(self):
        """Enrol the gate by a new token."""
        self.gate.enrol(self.site, self.site.token(), utc=self.clock.utc, again=True)

    def broker_knows(self, authorities):
        """Which authorities of gates the broker trusts; mosquitto reads them only when it starts."""
        self._known.write_bytes(authorities.read_bytes())
        self.broker.stop()
        self.broker.start()

    def _move_broker(self):
        fresh = self._offset.with_suffix(".new")  # faketime ends a program that finds half a file
        fresh.write_text(f"+{self.clock.utc - Clock().now().utc:.0f}\n")
        fresh.replace(self._offset)

    # ------------------------------------------------------------------------------------------------------- the days

    @property
    def day(self):
        return round((self.clock.utc - self._began) / DAY_S)

    def one_day(self):
        """A day goes by: a look, a new connection, and a look a minute while a certificate is on trial."""
        course, day = self.course, self.day
        self._look()
        cut = 0
        while self._is_on_trial() and not self._until(self._is_proven, REFUSED_S):
            cut += 1
            if cut > LONGEST_CUT_MIN:
                course.cut_off[day] = cut
                raise NoWayBackError(f"day {day}: cut off for more than {LONGEST_CUT_MIN} minutes by a new certificate")
            self._goes_on(MINUTE_S)
            self._look()
        # A connection that stands is not ended by a certificate that ends: it is asked for another one.
        if day % ASKED_EVERY_DAYS == 0 or day - 1 in course.cut_off:
            before = self.client.view.connections
            self.client.reconnect("another day")
            if not self._until(lambda: self.client.view.connections > before):
                cut = round(DAY_S / MINUTE_S)
        if cut:
            course.cut_off[day] = cut
        course.days = day + 1
        self._note()
        self._goes_on(self._began + (day + 1) * DAY_S - self.clock.utc)

    def _is_on_trial(self):
        return self.gate.pair.on_trial(self.clock.utc + HOLDS_S)

    def _is_proven(self):
        self._look()
        return not self._is_on_trial()

    def _look(self):
        before = self.gate.certificate
        self.renewal.look()
        after = self.gate.certificate
        known = self.course.certificates
        if after != before and after in known:
            self.course.undone += 1
            known.remove(before)
        elif after not in known:
            known.append(after)

    def _note(self):
        course = self.course
        for words in self.renewal.troubles().values():
            short = words.partition(" (")[0]
            if short not in course.told:
                course.told.append(short)
        ends = min(one.ends_utc for one in self._expiries.now() if one.ends_utc is not None)
        if course.warned_day is None and ends - self.clock.utc < WARNED_DAYS * DAY_S:
            course.warned_day = self.day

    def _goes_on(self, seconds):
        self.clock.goes_on(seconds)
        self._move_broker()

    def _until(self, condition, within_s=10.0):
        with suppress(AssertionError):
            eventually(condition, within_s, "a connection")
            return True
        return False

    def until_day(self, day):
        """Let the days go by."""
        while self.day < day:
            self.one_day()


def a_year(world):
    """Nothing happens but time."""
    world.until_day(YEAR_DAYS)
    course = world.course
    course.check(course.renewed == 3, f"renewed {course.renewed} times, not 3")
    course.check(not course.cut_off, f"cut off on the days {sorted(course.cut_off)}")
    course.check(not course.told, f"told: {course.told}")


def authority_ends(world):
    """Nobody makes a new authority in time; then somebody does, and the gate gets a token."""
    world.until_day(ENDS_DAY + 5)
    course = world.course
    course.check(min(course.cut_off, default=None) == ENDS_DAY, f"cut off on the days {sorted(course.cut_off)}")
    course.check(course.warned_day is not None and course.warned_day <= ENDS_DAY - WARNED_DAYS + 1, "not warned before")
    course.check(any("certificate expired" in words for words in course.told), f"told: {course.told}")
    world.site.roll_over()
    world.serve()
    world.broker_knows(world.site.ca)
    world.gate.files.server_ca.write_bytes(world.site.ca.read_bytes())
    world.enrol()
    back = world.day
    world.until_day(back + 30)
    course.check(max(course.cut_off) < back, f"cut off after the new token: {sorted(course.cut_off)}")


def rolled_over(world):
    """By the page: brokers and gates hear of the new authority, then the server signs by it; then the old one ends."""
    world.until_day(ROLLED_DAY)
    old = world.site.ca.read_bytes()
    world.site.roll_over()
    world.broker_knows(world.site.ca)
    world.gate.files.server_ca.write_bytes(world.site.ca.read_bytes())
    world.serve()
    world.until_day(ENDS_DAY)
    world.site.ca.write_bytes(world.site.ca.read_bytes().removesuffix(old))
    world.broker_knows(world.site.ca)
    world.serve()
    world.until_day(YEAR_DAYS)
    course = world.course
    course.check(course.renewed == 3, f"renewed {course.renewed} times, not 3")
    course.check(not course.cut_off, f"cut off on the days {sorted(course.cut_off)}")
    course.check(world.gate.certificate.issuer != course.certificates[0].issuer, "not signed by the new authority")


def brokers_not_told(world):
    """The server signs by a new authority of which no broker knows for some weeks; then they do."""
    world.until_day(ROLLED_DAY)
    world.site.roll_over()
    world.gate.files.server_ca.write_bytes(world.site.ca.read_bytes())
    world.serve()
    world.until_day(KNOWN_DAY)
    course = world.course
    most = max(course.cut_off.values(), default=0)
    course.check(course.undone >= 5, f"undone {course.undone} times")
    course.check(0 < most <= LONGEST_CUT_MIN, f"cut off for {most} minutes in a day")
    course.check(any("no broker accepts" in words for words in course.told), f"told: {course.told}")
    world.broker_knows(world.site.ca)
    world.until_day(YEAR_DAYS)
    late = [day for day in course.cut_off if day >= KNOWN_DAY]
    course.check(not late, f"cut off after the brokers were told: {late}")
    course.check(world.gate.certificate.issuer != course.certificates[0].issuer, "not signed by the new authority")
    course.check(not world.renewal.troubles(), f"still told: {world.renewal.troubles()}")


ENDS_DAY, ROLLED_DAY, KNOWN_DAY = 200, 60, 125
AUTHORITY_ENDS_S = (ENDS_DAY - 0.5) * DAY_S
"""Before the day on which a connection is asked for begins: no fraction of a second decides."""
COURSES = {
    "a year": (a_year, {}),
    "the authority ends": (authority_ends, {"authority_ends_s": AUTHORITY_ENDS_S}),
    "rolled over by the page": (rolled_over, {"authority_ends_s": AUTHORITY_ENDS_S}),
    "brokers not told": (brokers_not_told, {"authority_ends_s": FAR_S}),
}


def main():
    options = _options()
    if FAKETIME is None:
        sys.exit("it cannot run here: faketime is not installed")
    logging.basicConfig(level=logging.CRITICAL)
    progress, rows, wrongs = Progress(), [], []
    for place, name in enumerate(options.courses, 1):
        progress.say(f"[{place}/{len(options.courses)}] {name}")
        course = played(name, options.fault)
        rows.append(course.row(ENDS_DAY))
        wrongs += course.wrongs
        progress.say(f"{name}: {'; '.join(course.wrongs) or 'as it must be'}")
    report("fleet-certificates", [*table(HEADINGS, rows), *wrongs])
    return 1 if wrongs else 0


def played(name, fault=None):
    """What became of one course."""
    play, site = COURSES[name]
    with tempfile.TemporaryDirectory(prefix="certificates-") as folder, ExitStack() as stack:
        patches = SimpleNamespace(object=lambda *what: stack.enter_context(replaced(*what)))
        leave_dates_alone(SimpleNamespace(patch=patches))
        if fault == "no way back":
            patches.object(CertificatePair, "go_back", lambda _pair: None)
        world = World(Path(folder), stack, name, **site)
        try:
            play(world)
        except NoWayBackError as error:
            world.course.check(False, str(error))
        return world.course


@contextmanager
def replaced(owner, name, new):
    """A part of another's that is another one for a while."""
    before = getattr(owner, name)
    setattr(owner, name, new)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("courses", nargs="*", metavar="COURSE", help=f"only these: {', '.join(COURSES)}")
    parser.add_argument("--fault", choices=sorted(FAULTS), help="put a fault in, which must be found")
    options = parser.parse_args()
    options.courses = options.courses or list(COURSES)
    if unknown := [name for name in options.courses if name not in COURSES]:
        parser.error(f"there is no course {', '.join(unknown)}; there are {', '.join(COURSES)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
