"""Asks an unknown serial port what board it is, without moving a relay of any board that it might be.

Every byte that is sent was weighed against every board that may hear it: a question to one board is an order to
another.

| board | what switches it | so never sent to a board that is not proved |
|---|---|---|
| Devantech, TOSR0x | any byte 64 to 76, and 5C with the byte after it | those bytes; so no ASCII question, "r" is 72 |
| KMTronic | FF, channel, 00 or 01 | FF before such bytes; a frame to Modbus unit 255, function 1 to 16 |
| LCUS | A0, channel, operation, their sum | A0. Asking for one channel (operation 5) may be more than a question |
| ICSE | 50 once, then every byte | 50. It stays ready for orders, so its converter, PL2303, is asked nothing at all |
| Numato, Denkovi | a line of text, ended by a carriage return or two slashes | 0D, 2F |
| Modbus RTU | a whole frame with its check sum that writes | functions that write |
| Modbus ASCII | a text after a colon | 3A |

The order: listen; 5A, a question to Devantech and nothing to all others; FF, a question to LCUS and the beginning of an
order to KMTronic, which the 09 00 that follow turn into its question, so that no board is left with half an order; then
Modbus reads. Signs are not asked: as they come, the question to an AA 55 card has 64 and that to an Onbon card 68, and
FK cards answer nothing. Only at 9600 baud: a board that hears another speed hears other bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from drivers import modbus_codec, numato_codec
from drivers.relay import devantech_codec, kmtronic_codec, lcus_codec
from drivers.relay.modbus_profiles import LCTECH_BLOCK, TRAITS, Profile
from drivers.serial.shared_port import NoReplyError, SerialParameters, SerialPort
from drivers.serial.usb_ids import ProbePolicy
from drivers.text import Text, either

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from drivers.modbus_codec import Request
    from drivers.serial.usb_ids import Likeness

PATIENCE_S = 0.3
"""How long a board may take to answer; the slowest known needs 50 ms."""
GAP_S = 0.02
"""Silence between questions: for Modbus boards it ends what was no frame."""
UNITS: Final = tuple(range(1, 9))
FACTORY_UNIT_OF_LC_TECH = 255
UNKNOWN_FUNCTION = modbus_codec.Request(modbus_codec.framed(bytes((FACTORY_UNIT_OF_LC_TECH, 0x11, 0, 0, 0, 0))))
"""A frame to the factory address of LC-Tech boards. They refuse the function, and so prove themselves.

To KMTronic boards it is relay 17, which none of them has; any question with a lower number would release a relay.
"""
UNIT_REGISTER_OF_WAVESHARE = 0x4000

LISTEN = b""
KMTRONIC_REST = kmtronic_codec.QUERY_ALL.removeprefix(lcus_codec.QUERY_ALL)
KMTRONIC_ADDRESSES = range(1, 16)
NEUTRAL = b"\x80"
"""No board that is known does or says anything on this byte: an answer to it is noise of the line."""

HARMFUL: Final = frozenset({0x50, *range(0x5A, 0x77), 0xA0, 0xFF, 0x0D, 0x2F, 0x3A})
"""Bytes that no Modbus question to an unproved board may hold."""

_DOUBTS: Mapping[Profile, Text] = MappingProxyType(
    {
        Profile.WAVESHARE_D: Text("an IO 8CH answers in the same way"),
        Profile.LCTECH: Text("it always reports 8 of each: set channels and count"),
        Profile.R421A: Text("probably: another device may have such registers, so check the board"),
    }
)
_COIL_COUNTS = (32, 16, 8, 4, 2, 1)
_INPUT_COUNTS = (16, 8, 4, 2, 1)
_STATE_COUNTS = frozenset({1, 2, 4, 8})
_CHANNELS = re.compile(r"(\d+)[ -]*(?:channel|relay)", re.IGNORECASE)

Exchange = Callable[[bytes, Callable[[bytes], bool]], bytes]
"""Sends a request and returns what came back: all until the patience is over, or until the predicate holds."""


@dataclass(frozen=True, slots=True)
class ProbeExchange:
    """One question and what came back."""

    request: bytes
    reply: bytes


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """A board that said what it is.

    `relay` and `inputs`: keys for its drivers beside kind and port; inputs None without.
    """

    words: str
    kind: str
    relay: Mapping[str, object]
    inputs: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class ProbeFinding:
    """What came of asking: the board, or None and why; `heard` is everything that was sent and received."""

    board: ProbeResult | None
    why: str
    heard: tuple[ProbeExchange, ...] = ()


def identify(
    path: str,
    likeness: Likeness,
    title: str = "",
    units: Iterable[int] = UNITS,
    patience_s: float = PATIENCE_S,
    asked: Callable[[int], None] = lambda _count: None,
) -> ProbeFinding:
    """Open the port, ask, and close it. `title`: what the USB device calls itself.

    `units`: the Modbus units, and addresses of KMTronic boards, to ask for. `asked`: told before each question how many
    there were; a port that says nothing takes some seconds.

    Raises DeviceUnavailableError where the port cannot be opened or is lost, DeviceMisconfiguredError where it is none.
    """
    if likeness.probe_policy is ProbePolicy.NEVER:
        return ProbeFinding(None, Text("not searched: {why}", why=likeness.reason))
    port = SerialPort.shared(path, SerialParameters("recognition", gap_s=GAP_S))

    count = 0

    def exchange(request: bytes, is_whole: Callable[[bytes], bool]) -> bytes:
        nonlocal count
        asked(count)
        count += 1
        try:
            return port.exchange(request, is_whole, patience_s)
        except NoReplyError as error:
            if not port.is_usable:
                raise
            return error.received

    try:
        return probe_port(exchange, likeness.probe_policy, title, units)
    finally:
        port.close()


def probe_port(
    exchange: Exchange, probe_policy: ProbePolicy, title: str = "", units: Iterable[int] = UNITS
) -> ProbeFinding:
    """Ask the questions that are harmless for every board that the policy allows, until one is answered."""
    session = _ProbeSession(exchange)
    if session.exchange(LISTEN):
        return ProbeFinding(None, Text("it sends without being asked, which no relay board does"), tuple(session.heard))
    board = next(filter(None, _answers(session, probe_policy, title, tuple(units))), None)
    return ProbeFinding(board, "" if board else _why_not(session, probe_policy), tuple(session.heard))


def modbus_questions(units: Iterable[int] = UNITS) -> Iterator[Request]:
    """The reads that unproved Modbus boards are asked, all of them harmless to every other board."""
    for unit in units:
        yield from filter(
            None, (_coils(unit), _harmless(modbus_codec.read_holding_registers(unit, 1, n) for n in (1, 2)))
        )


def _answers(
    session: _ProbeSession, probe_policy: ProbePolicy, title: str, units: tuple[int, ...]
) -> Iterator[ProbeResult | None]:
    if probe_policy is ProbePolicy.NUMATO:
        yield _numato(session, title)
        return
    if probe_policy in {ProbePolicy.DEVANTECH, ProbePolicy.ANY}:
        yield _devantech(session)
    if probe_policy is ProbePolicy.DEVANTECH:
        return
    yield _lcus(session)
    yield _kmtronic(session)
    yield _modbus(session, units)
    yield _kmtronic_bus(session, units)


def _why_not(session: _ProbeSession, probe_policy: ProbePolicy) -> str:
    if session.note:
        return session.note
    if any(heard.reply for heard in session.heard):
        return Text("it answered, but not like a known board; check its speed (only 9600 baud is searched) and wiring")
    if probe_policy is ProbePolicy.CONVERTER:
        return Text(
            'it sends nothing: an LCUS board that does not report its state (readback = "none", or '
            '"feedback"), or an RS485 adapter without a board at 9600 baud. Further queries could switch '
            "relays"
        )
    return Text("it sends nothing at 9600 baud. Further queries could switch relays")


@dataclass(slots=True)
class _ProbeSession:
    """Asks and keeps what was heard; an adapter's echo of the own question is taken off and noted."""

    send: Exchange
    heard: list[ProbeExchange] = field(default_factory=list)
    echoes: bool = False
    note: str = ""

    def exchange_with_echo(self, request: bytes, is_whole: Callable[[bytes], bool]) -> bytes:
        """Ask and return all that came back."""
        received = self.send(request, is_whole)
        self.heard.append(ProbeExchange(request, received))
        return received

    def exchange(self, request: bytes, is_whole: Callable[[bytes], bool] = lambda _: False) -> bytes:
        """Ask and return what came back without the adapter's echo."""
        received = self.exchange_with_echo(request, lambda got: is_whole(got.removeprefix(request)))
        self.echoes = self.echoes or bool(request and received.startswith(request))
        return received.removeprefix(request)

    def is_quiet(self) -> bool:
        """Whether the line is free of noise that could pass for an answer of a byte or two."""
        return not self.exchange(NEUTRAL)

    def states(self, request: bytes) -> int:
        """How many relays the board tells, one byte 00 or 01 each; 0 for any other answer."""
        reply = self.exchange(request)
        told = set(reply) <= {0, 1} and len(reply) in _STATE_COUNTS
        return len(reply) if told and self.is_quiet() else 0


# ----------------------------------------------------------------------------------------------- boards with USB


def _devantech(session: _ProbeSession) -> ProbeResult | None:
    reply = session.exchange(devantech_codec.TELL_MODULE)
    if len(reply) != 2 or reply[0] not in devantech_codec.BOARDS:  # noqa: PLR2004 - module and version
        return None
    name, sizes = devantech_codec.BOARDS[reply[0]]
    count = _relays(sizes[0])
    if len(sizes) > 1:
        count = Text("{sizes} relays: set channels", sizes=either(sizes))
    words = Text("Devantech {name}, version {version}, {relays}", name=name, version=reply[1], relays=count)
    return ProbeResult(words, "devantech", {"channels": sizes[-1]})


def _lcus(session: _ProbeSession) -> ProbeResult | None:
    reply = session.exchange(lcus_codec.QUERY_ALL)
    if reply.startswith(b"CH"):
        channels = reply.count(b"\n")
        try:
            lcus_codec.read_lines(reply, channels)
        except lcus_codec.BadReplyError:
            return None
        return _lcus_board(channels, "ascii")
    told = set(reply) <= {0, 1} and len(reply) in _STATE_COUNTS
    return _lcus_board(len(reply), "bytes") if told and session.is_quiet() else None


def _lcus_board(channels: int, readback: str) -> ProbeResult:
    return ProbeResult(
        Text("LCUS board, {relays}, readback {readback}", relays=_relays(channels), readback=readback),
        "lcus",
        {"channels": channels, "readback": readback},
    )


def _kmtronic(session: _ProbeSession) -> ProbeResult | None:
    """Boards of four and eight relays. Those of one and two are asked by what may be an order to another board."""
    for request in (KMTRONIC_REST, kmtronic_codec.QUERY_ALL):
        if channels := session.states(request):
            return ProbeResult(
                Text("KMTronic board, {relays}", relays=_relays(channels)), "kmtronic", {"channels": channels}
            )
    return None


def _kmtronic_bus(session: _ProbeSession, units: tuple[int, ...]) -> ProbeResult | None:
    for address in (unit for unit in units if unit in KMTRONIC_ADDRESSES):
        if channels := session.states(kmtronic_codec.query_board(address)):
            words = Text(
                "KMTronic board on RS485, {relays}, address {address}", relays=_relays(channels), address=address
            )
            keys = {"connection": "rs485", "channels": channels, "address": address}
            return ProbeResult(words, "kmtronic", keys | ({"local_echo": True} if session.echoes else {}))
    return None


def _numato(session: _ProbeSession, title: str) -> ProbeResult | None:
    """The USB vendor id is Numato's own, so its text commands reach no other board; only questions are sent.

    First comes a line that is no command: the end of a line would carry out what another program left half typed.
    Inputs are not asked for: reading one makes an input of a pin that was an output.
    """
    mark = numato_codec.mark(0)
    session.exchange(numato_codec.wire(mark), lambda got: numato_codec.is_past(mark, got))
    version = _numato_answer(session, numato_codec.VERSION)
    if not version:
        return None
    named = _CHANNELS.search(title)
    channels = int(named[1]) if named else _numato_channels(session)
    if not channels:
        return None
    return ProbeResult(
        Text("Numato board, {relays}, version {version}", relays=_relays(channels), version=version),
        "numato",
        {"channels": channels},
    )


def _numato_channels(session: _ProbeSession) -> int:
    digits = _numato_answer(session, numato_codec.READ_ALL_RELAYS)
    if digits:
        return 4 * len(digits)
    told = 0
    while told < numato_codec.READS_ALL_FROM and _numato_answer(
        session, numato_codec.read_relay(told + 1, numato_codec.READS_ALL_FROM)
    ):
        told += 1
    return told


def _numato_answer(session: _ProbeSession, line: str) -> str:
    try:
        # The repeated command is part of the answer here, not an echo of the adapter's.
        return numato_codec.answer(line, session.exchange_with_echo(numato_codec.wire(line), numato_codec.is_complete))
    except numato_codec.BadReplyError:
        return ""


# --------------------------------------------------------------------------------------------------------- Modbus


def _modbus(session: _ProbeSession, units: tuple[int, ...]) -> ProbeResult | None:
    for question in modbus_questions(units):
        if _reply(session, question) is not None:
            return _modbus_board(session, question.unit)
    if _reply(session, UNKNOWN_FUNCTION) is not None:
        return _modbus_board(session, FACTORY_UNIT_OF_LC_TECH)
    return None


def _modbus_board(session: _ProbeSession, unit: int) -> ProbeResult | None:
    """Ask a unit that is proved to speak Modbus what it has. Everything here only reads."""
    coils = next((n for n in _COIL_COUNTS if _tells(session, modbus_codec.read_coils(unit, 0, n))), 0)
    channels = coils or next((n for n in _COIL_COUNTS if _registers_are_states(session, unit, n)), 0)
    if not channels:
        session.note = Text("a Modbus device answers at unit {unit}, but not like a known relay board", unit=unit)
        return None
    inputs = next((n for n in _INPUT_COUNTS if _tells(session, modbus_codec.read_discrete_inputs(unit, 0, n))), 0)
    profile = _coil_profile(session, unit, channels, inputs) if coils else Profile.R421A
    line: dict[str, object] = {"unit": unit}
    if session.echoes:
        line["local_echo"] = True
    has = Text("{board}, unit {unit}, {relays}", board=TRAITS[profile].title, unit=unit, relays=_relays(channels))
    words = Text("{has}, {count} inputs", has=has, count=inputs) if inputs else Text("{has}, no inputs", has=has)
    if profile in _DOUBTS:
        words = Text("{words} ({doubt})", words=words, doubt=_DOUBTS[profile])
    return ProbeResult(
        words,
        "modbus_rtu",
        line | {"profile": profile.value, "channels": channels},
        line | {"count": inputs} if inputs else None,
    )


def _coil_profile(session: _ProbeSession, unit: int, channels: int, inputs: int) -> Profile:
    """Which board with coils: those of Waveshare keep their address, and what their inputs drive, in registers."""
    modes = TRAITS[Profile.WAVESHARE_D].mode_registers
    if modes is not None and _tells(session, modbus_codec.read_holding_registers(unit, modes, channels)):
        return Profile.WAVESHARE_D
    if _tells(session, modbus_codec.read_holding_registers(unit, UNIT_REGISTER_OF_WAVESHARE, 1)):
        return Profile.WAVESHARE_IO if inputs else Profile.WAVESHARE
    if channels == LCTECH_BLOCK and not _tells(session, modbus_codec.read_coils(unit, 0, LCTECH_BLOCK - 1)):
        return Profile.LCTECH
    return Profile.COILS


def _registers_are_states(session: _ProbeSession, unit: int, count: int) -> bool:
    """Whether so many registers from 1 are all 0 or 1, as those of an R421A board are."""
    request = modbus_codec.read_holding_registers(unit, 1, count)
    reply = _reply(session, request)
    return reply is not None and not reply[1] & modbus_codec.EXCEPTION_FLAG and set(_values(request, reply)) <= {0, 1}


def _values(request: Request, reply: bytes) -> tuple[int, ...]:
    try:
        return modbus_codec.read_registers(request, reply)
    except modbus_codec.BadReplyError:
        return (-1,)


def _coils(unit: int) -> Request | None:
    return _harmless(modbus_codec.read_coils(unit, 0, count) for count in range(8, 0, -1))


def _harmless(requests: Iterable[Request]) -> Request | None:
    """The first request whose bytes, check sum and all, no other board takes for an order; None where there is none."""
    return next((request for request in requests if not HARMFUL & set(request.frame)), None)


def _tells(session: _ProbeSession, request: Request) -> bool:
    """Whether the board gives the data that are asked for, and does not refuse."""
    reply = _reply(session, request)
    return reply is not None and not reply[1] & modbus_codec.EXCEPTION_FLAG


def _relays(count: int) -> Text:
    return Text("{count} relay", count=count) if count == 1 else Text("{count} relays", count=count)


def _reply(session: _ProbeSession, request: Request) -> bytes | None:
    """The sound reply of the unit that was asked, be it a refusal; None for anything else."""
    received = session.exchange(request.frame, lambda got: modbus_codec.reply_in(request, got) is not None)
    reply = modbus_codec.reply_in(request, received)
    return reply if reply and modbus_codec.is_sound(reply) and reply[0] == request.unit else None
