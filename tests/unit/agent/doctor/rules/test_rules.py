"""What the doctor makes of facts, case by case."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.core.clock.trust import ClockState
from agent.core.model.camera_view import View
from agent.core.model.picture_quality import Figures
from agent.doctor import facts
from agent.doctor.codes import DiagnosticCheck, FindingCode, Severity
from agent.doctor.finding import DiagnosticReport, Finding
from agent.doctor.report import report_as_json, report_from_json, report_lines
from agent.doctor.rules import certificates, devices, files, formatting, journal, machine, remote, software
from agent.doctor.texts import advice
from agent.i18n import Language, translate
from agent.vision.worker.protocol import CameraPhase

GB = 1 << 30
MB = 1 << 20
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
STATE = Path("/var/lib/gate-agent")

WRONG = facts.ProblemFacts("/etc/gate.toml:1:1: error: a: b", "line 1: a: b")
CONFIGURATION = facts.ConfigurationFacts(Path("/etc/gate.toml"), (), (), "d1", "d1")
SERVICE = facts.ServiceFacts(manager=True, unit=Path("/lib/gate-agent.service"), active="active")
VERSIONS = facts.VersionFacts("0.2", "0.2", "3.13", "Debian", "6.12")
DRIVER = facts.DriverFacts("relay.r4", "gate-agent-r4 1.0")
WATCHDOG = facts.WatchdogFacts(asked=True, service_s=15.0, hardware="active")
CLOCK = facts.ClockFacts(ClockState.SYNCED, 0.004, "", required=True)
DISK = facts.DiskFacts(STATE, 100 * GB, 60 * GB, 1000, 900, "ext4", "/dev/sda1", frozenset({"rw"}), 7 * GB)
MEMORY = facts.MemoryFacts(4 * GB, 2 * GB)
PROCESSOR = facts.ProcessorFacts(4, 1.0, 55.0, throttled=False)
ANCHORS = facts.AnchorFacts(Path("/etc/gate-agent-anchors"), exists=True, number=3, sealed=True, can_change=True)
STATE_FACTS = facts.StateFacts(STATE, exists=True, mode=0o750, user="gate-agent", writable=True)
JOURNAL = facts.JournalFacts(
    STATE / "journal.db", exists=True, events=900, size_bytes=10 * MB, limit_bytes=100 * MB, delivers=True
)
CERTIFICATE = facts.CertificateFacts(
    Path("/etc/gate.crt"),
    name="gate-7",
    expected="gate-7",
    begins=NOW - timedelta(days=100),
    ends=NOW + timedelta(days=100),
)
KEY = facts.PrivateKeyFacts(Path("/etc/gate.key"), "", 0o640)
BROKER = facts.BrokerFacts("mqtts://b:8883", encrypted=True, connect_ms=40.0, publish_ms=5.0)
SITE_GATE = facts.SiteGateFacts("gate-8", 4.0, met=True, ours=2)
LIST = facts.ListFacts("declarations", 7, 100, 60.0, required=True)
REVOCATIONS = replace(LIST, name="revocations")
LISTS = facts.ListsFacts(
    trust_version=3,
    trust_ends_s=90 * 86400.0,
    trust_ends=NOW + timedelta(days=90),
    keys=(facts.IssuerKeyFacts("1a2b3c4d", "customs", NOW + timedelta(days=400)),),
    lists=(LIST, REVOCATIONS),
    fresh_s=900,
    known_only_s=86_400,
)
HEAD_FILE = facts.HeadFileFacts(Path("/var/lib/gate-agent-witness/head"))
PORT = facts.PortFacts("/dev/serial/by-id/x", ("out/relay",), exists=True, user="gate-agent", group="dialout")
CLEAR_PICTURE = Figures(sharpness=2.0, glare=0.0, noise=3.0, brightness=110.0)
CAMERA = facts.CameraFacts(
    "out/front",
    CameraPhase.STREAMING,
    "",
    misconfigured=False,
    view=View.CLEAR,
    figures=CLEAR_PICTURE,
    width_px=1920,
    height_px=1080,
    rate_hz=25.0,
    overloaded=False,
    restarts=0,
)
CHANNEL = facts.ChannelFacts("mail", "mail.example:587")
RELAY = facts.RelayFacts("/dev/x", ("out",), up=True, detail="a board", answer_s=0.02, energised=None, agent=True)
INPUTS = facts.InputsFacts("out", wired=True, up=True, signals={"presence": False, "safety": False})
SECOND_READING = facts.SecondReadingFacts(ready=1, wanted=1)
PART = facts.WorkerFacts("retention", failures=0, trouble="", still_s=None)
SIGN = facts.DriverDeviceFacts("out/sign", up=True, detail="a sign")
SCANNER = facts.ScannerFacts("out/post", up=True, noisy=False, detail="a scanner")


def tls(certificate=CERTIFICATE, key=KEY):
    return facts.TlsFacts((certificate,), (key,), NOW)


def lists(**changes):
    return replace(LISTS, lists=(replace(LIST, **changes), REVOCATIONS))


CASES = [
    (software.configuration, CONFIGURATION, []),
    (software.configuration, replace(CONFIGURATION, running=None), []),
    (software.configuration, replace(CONFIGURATION, digest="d2"), [FindingCode.CONFIGURATION_WAITS]),
    (
        software.configuration,
        replace(CONFIGURATION, digest=None, errors=(WRONG, WRONG)),
        2 * [FindingCode.CONFIGURATION_REFUSED],
    ),
    (
        software.configuration,
        replace(CONFIGURATION, digest=None, running=None, errors=(WRONG,), fallback=False),
        [FindingCode.CONFIGURATION_UNUSABLE],
    ),
    (software.configuration, replace(CONFIGURATION, warnings=(WRONG,)), [FindingCode.CONFIGURATION_DOUBTFUL]),
    (software.configuration, replace(CONFIGURATION, dry_run=("a", "b")), 2 * [FindingCode.LANE_DRY_RUN]),
    (software.service, SERVICE, []),
    (software.service, facts.ServiceFacts(manager=False), [FindingCode.UNIT_MISSING]),
    (software.service, facts.ServiceFacts(manager=True, asked=False), []),
    (software.service, facts.ServiceFacts(manager=True), [FindingCode.UNIT_MISSING]),
    (software.service, replace(SERVICE, unit_problems="Unknown key"), [FindingCode.UNIT_FAULTY]),
    (software.service, replace(SERVICE, enabled=False), [FindingCode.UNIT_NOT_ENABLED]),
    (software.service, replace(SERVICE, active="failed", result="exit-code"), [FindingCode.SERVICE_FAILED]),
    (software.service, replace(SERVICE, active="inactive"), [FindingCode.SERVICE_STOPPED]),
    (software.service, replace(SERVICE, restarts=3), [FindingCode.SERVICE_RESTARTED]),
    (software.versions, VERSIONS, []),
    (software.versions, replace(VERSIONS, running=None), []),
    (software.versions, replace(VERSIONS, running="0.1"), [FindingCode.VERSION_WAITS]),
    (software.versions, replace(VERSIONS, update="0.3", stage="resting"), [FindingCode.UPDATE_UNDER_WAY]),
    (software.versions, replace(VERSIONS, undone="0.3", why="no broker"), [FindingCode.UPDATE_UNDONE]),
    (software.drivers, (), []),
    (software.drivers, (DRIVER,), []),
    (software.drivers, (replace(DRIVER, trouble="no module"),), [FindingCode.DRIVER_UNUSABLE]),
    (
        software.drivers,
        (replace(DRIVER, trouble="no such port", rejected=True), DRIVER),
        [FindingCode.DRIVER_REJECTED],
    ),
    (software.parts, [PART], []),
    (software.parts, [PART, replace(PART, still_s=700.0)], [FindingCode.PART_STALLED]),
    (software.parts, [replace(PART, failures=2, trouble="OSError: no disk")], [FindingCode.PART_FAILED]),
    (software.parts, [replace(PART, failures=2), PART], [FindingCode.PART_RESTARTED]),
    (machine.watchdog, WATCHDOG, []),
    (machine.watchdog, facts.WatchdogFacts(asked=False, service_s=None, hardware=None), []),
    (machine.watchdog, replace(WATCHDOG, service_s=None), [FindingCode.WATCHDOG_OFF]),
    (machine.watchdog, replace(WATCHDOG, hardware="inactive"), [FindingCode.HARDWARE_WATCHDOG_OFF]),
    (machine.clock, CLOCK, []),
    (machine.clock, replace(CLOCK, state=ClockState.UNTRUSTED), [FindingCode.CLOCK_UNTRUSTED]),
    (machine.clock, replace(CLOCK, state=ClockState.UNTRUSTED, required=False), [FindingCode.CLOCK_UNSYNCHRONISED]),
    (machine.clock, replace(CLOCK, state=ClockState.HOLDOVER), [FindingCode.CLOCK_UNSYNCHRONISED]),
    (machine.clock, replace(CLOCK, error_s=1.5), [FindingCode.CLOCK_INEXACT]),
    (machine.time_zone, facts.TimeZoneFacts("Asia/Almaty"), []),
    (machine.time_zone, facts.TimeZoneFacts(None), [FindingCode.TIME_ZONE_UNKNOWN]),
    (machine.disk, DISK, []),
    (machine.disk, replace(DISK, free_bytes=30 * MB), [FindingCode.DISK_FULL]),
    (machine.disk, replace(DISK, free_bytes=400 * MB), [FindingCode.DISK_LOW]),
    (machine.disk, replace(DISK, free_bytes=5 * GB), [FindingCode.DISK_TOO_SMALL]),
    (machine.disk, replace(DISK, free_inodes=10), [FindingCode.INODES_LOW]),
    (machine.disk, replace(DISK, inodes=0, free_inodes=0), []),
    (machine.disk, replace(DISK, options=frozenset({"ro"})), [FindingCode.DISK_READ_ONLY]),
    (machine.disk, replace(DISK, file_system="tmpfs"), [FindingCode.DISK_IN_MEMORY]),
    (machine.disk, replace(DISK, source="/dev/mmcblk0p2"), [FindingCode.DISK_WEARS]),
    (machine.disk, replace(DISK, source="/dev/mmcblk0p2", options=frozenset({"rw", "noatime"})), []),
    (machine.memory, MEMORY, []),
    (machine.memory, replace(MEMORY, available_bytes=150 * MB), [FindingCode.MEMORY_LOW]),
    (machine.processor, PROCESSOR, []),
    (machine.processor, facts.ProcessorFacts(4, 1.0, None, None), []),
    (machine.processor, replace(PROCESSOR, load_15=6.1), [FindingCode.LOAD_HIGH]),
    (machine.processor, replace(PROCESSOR, temperature_c=80.0), [FindingCode.TEMPERATURE_HIGH]),
    (machine.processor, replace(PROCESSOR, throttled=True), [FindingCode.THROTTLED]),
    (files.state, STATE_FACTS, []),
    (files.anchors, ANCHORS, []),
    (files.anchors, facts.AnchorFacts(ANCHORS.path, exists=False), [FindingCode.ANCHORS_NOT_ADOPTED]),
    (files.anchors, replace(ANCHORS, can_change=False), [FindingCode.ANCHORS_NOT_SEALABLE]),
    (files.anchors, replace(ANCHORS, trouble="damaged"), [FindingCode.ANCHORS_UNUSABLE]),
    (files.state, facts.StateFacts(STATE, exists=False), [FindingCode.STATE_MISSING]),
    (files.state, replace(STATE_FACTS, writable=False), [FindingCode.STATE_FORBIDDEN]),
    (files.state, replace(STATE_FACTS, mode=0o755), [FindingCode.STATE_OPEN]),
    (journal.journal, JOURNAL, []),
    (journal.journal, replace(JOURNAL, exists=False), [FindingCode.JOURNAL_MISSING]),
    (files.head_file, HEAD_FILE, []),
    (files.head_file, facts.HeadFileFacts(None), [FindingCode.WITNESS_NONE]),
    (files.head_file, replace(HEAD_FILE, trouble="damaged"), [FindingCode.WITNESS_BAD]),
    (
        files.head_file,
        replace(HEAD_FILE, not_whole=(("journal", "lost"), ("ledger", "lost"))),
        2 * [FindingCode.WITNESS_DISAGREES],
    ),
    (journal.journal, replace(JOURNAL, trouble="event 7 is missing"), [FindingCode.JOURNAL_DAMAGED]),
    (journal.journal, replace(JOURNAL, failing=True), [FindingCode.JOURNAL_FAILING]),
    (journal.journal, replace(JOURNAL, unacknowledged=9, oldest_s=10.0), []),
    (journal.journal, replace(JOURNAL, unacknowledged=9, oldest_s=901.0), [FindingCode.JOURNAL_WAITING]),
    (journal.journal, replace(JOURNAL, unacknowledged=9, oldest_s=901.0, delivers=False), []),
    (journal.journal, replace(JOURNAL, unacknowledged=9, size_bytes=51 * MB), [FindingCode.JOURNAL_FILLING]),
    (journal.journal, replace(JOURNAL, acks_signed=True), []),
    (journal.journal, replace(JOURNAL, acks_signed=False), [FindingCode.ACKS_UNSIGNED]),
    (
        journal.journal,
        replace(JOURNAL, acks_signed=False, unacknowledged=9, oldest_s=901.0),
        [FindingCode.JOURNAL_WAITING, FindingCode.ACKS_UNSIGNED],
    ),
    (files.gate_key, facts.GateKeyFacts(exists=True, trouble="", public="ab"), []),
    (files.gate_key, facts.GateKeyFacts(exists=False, trouble=""), [FindingCode.GATE_KEY_MISSING]),
    (files.gate_key, facts.GateKeyFacts(exists=True, trouble="damaged"), [FindingCode.GATE_KEY_BAD]),
    (files.gate_key, facts.GateKeyFacts(exists=True, trouble="", public="ab", named="AB"), []),
    (
        files.gate_key,
        facts.GateKeyFacts(exists=True, trouble="", public="ab", named="cd"),
        [FindingCode.GATE_KEY_UNKNOWN],
    ),
    (certificates.certificates, tls(), []),
    (certificates.certificates, tls(replace(CERTIFICATE, trouble="gone")), [FindingCode.CERTIFICATE_UNUSABLE]),
    (certificates.certificates, tls(replace(CERTIFICATE, ends=NOW)), [FindingCode.CERTIFICATE_EXPIRED]),
    (
        certificates.certificates,
        tls(replace(CERTIFICATE, ends=NOW + timedelta(days=29))),
        [FindingCode.CERTIFICATE_EXPIRES],
    ),
    (
        certificates.certificates,
        tls(replace(CERTIFICATE, renews=NOW - timedelta(days=2), renewal_trouble="the server cannot be reached")),
        [FindingCode.CERTIFICATE_NOT_RENEWED],
    ),
    (certificates.certificates, tls(replace(CERTIFICATE, renews=NOW - timedelta(hours=2))), []),
    (
        certificates.certificates,
        tls(replace(CERTIFICATE, begins=NOW + timedelta(days=1))),
        [FindingCode.CERTIFICATE_EARLY],
    ),
    (certificates.certificates, tls(replace(CERTIFICATE, name="gate-8")), [FindingCode.CERTIFICATE_OTHER_NAME]),
    (certificates.certificates, tls(replace(CERTIFICATE, name="our CA", expected=None)), []),
    (certificates.certificates, tls(key=replace(KEY, mode=0o644)), [FindingCode.PRIVATE_KEY_OPEN]),
    (certificates.certificates, tls(key=replace(KEY, mode=0o660)), [FindingCode.PRIVATE_KEY_OPEN]),
    (certificates.certificates, tls(key=replace(KEY, trouble="no match")), [FindingCode.CERTIFICATE_UNUSABLE]),
    (files.models, [facts.ModelFacts("a.onnx", "")], []),
    (files.models, [facts.ModelFacts("a.onnx", "other"), facts.ModelFacts("b.onnx", "")], [FindingCode.MODEL_BAD]),
    (remote.brokers, [BROKER], []),
    (remote.brokers, [], [FindingCode.BROKER_NONE]),
    (remote.brokers, [replace(BROKER, trouble="refused"), BROKER], [FindingCode.BROKER_UNREACHABLE]),
    (remote.brokers, [replace(BROKER, takes="no")], [FindingCode.BROKER_TAKES_NOTHING]),
    (remote.brokers, [replace(BROKER, gives="no")], [FindingCode.BROKER_GIVES_NOTHING]),
    (remote.brokers, [replace(BROKER, encrypted=False)], [FindingCode.BROKER_IN_CLEAR]),
    (remote.brokers, [replace(BROKER, publish_ms=2100.0)], [FindingCode.BROKER_SLOW]),
    (remote.site, [], []),
    (remote.site, [SITE_GATE], []),
    (remote.site, [replace(SITE_GATE, met=False), SITE_GATE], [FindingCode.SITE_GATE_UNHEARD]),
    (remote.site, [replace(SITE_GATE, heard_s=None)], [FindingCode.SITE_GATE_UNHEARD]),
    (remote.site, [replace(SITE_GATE, heard_s=31.0)], [FindingCode.SITE_GATE_UNHEARD]),
    (remote.site, [replace(SITE_GATE, met=False, version=1)], [FindingCode.SITE_GATE_OTHER_VERSION]),
    (remote.site, [replace(SITE_GATE, same_list=False)], [FindingCode.SITE_GATES_DIFFER]),
    (remote.lists, LISTS, []),
    (remote.lists, facts.ListsFacts(begun=False), []),
    (remote.lists, facts.ListsFacts(trouble="damaged"), [FindingCode.LISTS_UNREADABLE]),
    (remote.lists, replace(LISTS, trust_ends_s=None), [FindingCode.TRUST_LIST_MISSING]),
    (remote.lists, replace(LISTS, trust_ends_s=-5.0), [FindingCode.TRUST_LIST_EXPIRED]),
    (remote.lists, replace(LISTS, trust_ends_s=3600.0), [FindingCode.TRUST_LIST_EXPIRES]),
    (remote.lists, lists(age_s=None), [FindingCode.LIST_MISSING]),
    (remote.lists, lists(age_s=None, required=False), []),
    (remote.lists, lists(age_s=1000.0), [FindingCode.LIST_OLD]),
    (remote.lists, lists(age_s=90_000.0), [FindingCode.LIST_TOO_OLD]),
    (remote.lists, lists(age_s=90_000.0, required=False), [FindingCode.LIST_TOO_OLD]),
    (remote.lists, replace(LISTS, lists=(LIST,)), [FindingCode.LIST_NOT_REQUIRED]),
    (
        remote.lists,
        replace(LISTS, lists=(LIST, replace(REVOCATIONS, required=False))),
        [FindingCode.LIST_NOT_REQUIRED],
    ),
    (devices.ports, [PORT], []),
    (devices.ports, [replace(PORT, exists=False)], [FindingCode.PORT_MISSING]),
    (devices.ports, [replace(PORT, permitted=False)], [FindingCode.PORT_FORBIDDEN]),
    (devices.ports, [replace(PORT, permitted=False, group="")], [FindingCode.PORT_GROUP_HIDDEN]),
    (devices.ports, [replace(PORT, permitted=False, barred="ttyUSB")], [FindingCode.PORT_BARRED]),
    (devices.ports, [replace(PORT, holders=("ModemManager (pid 7)",))], [FindingCode.PORT_HELD]),
    (devices.ports, [replace(PORT, better="/dev/serial/by-path/y", why="w")], [FindingCode.PORT_NAME_CHANGES]),
    (devices.cameras, [CAMERA], []),
    (devices.cameras, [replace(CAMERA, figures=None)], []),
    (devices.cameras, [replace(CAMERA, phase=CameraPhase.BACKOFF, rate_hz=None)], [FindingCode.CAMERA_LOST]),
    (devices.cameras, [replace(CAMERA, phase=CameraPhase.STALE)], [FindingCode.CAMERA_STALE]),
    (devices.cameras, [replace(CAMERA, phase=CameraPhase.FROZEN)], [FindingCode.CAMERA_FROZEN]),
    (devices.cameras, [replace(CAMERA, misconfigured=True)], [FindingCode.CAMERA_MISCONFIGURED]),
    (devices.cameras, [replace(CAMERA, view=View.DARK)], [FindingCode.CAMERA_VIEW]),
    (devices.cameras, [replace(CAMERA, figures=replace(CLEAR_PICTURE, sharpness=0.3))], [FindingCode.CAMERA_PICTURE]),
    (devices.cameras, [replace(CAMERA, figures=replace(CLEAR_PICTURE, sharpness=0.6))], []),
    (devices.cameras, [replace(CAMERA, rate_hz=4.0)], [FindingCode.CAMERA_SLOW]),
    (devices.cameras, [replace(CAMERA, overloaded=True)], [FindingCode.CAMERA_OVERLOADED]),
    (devices.cameras, [replace(CAMERA, unconfined=("calls: no libseccomp",))], [FindingCode.CAMERA_UNCONFINED]),
    (devices.cameras, [replace(CAMERA, restarts=3)], [FindingCode.CAMERA_RESTARTED]),
    (devices.relays, [RELAY], []),
    (devices.relays, [replace(RELAY, up=False)], [FindingCode.RELAY_LOST]),
    (devices.relays, [replace(RELAY, answer_s=0.4)], [FindingCode.RELAY_SLOW]),
    (software.notifications, facts.NotificationFacts("", (CHANNEL,)), []),
    (software.notifications, facts.NotificationFacts("", ()), []),
    (
        software.notifications,
        facts.NotificationFacts(
            "no space", (replace(CHANNEL, trouble="no answer", waiting=3), replace(CHANNEL, dropped=2))
        ),
        [FindingCode.NOTIFICATIONS_STOPPED, FindingCode.NOTIFICATION_FAILING, FindingCode.NOTIFICATIONS_DROPPED],
    ),
    (devices.relays, [replace(RELAY, energised=(2,), agent=False)], [FindingCode.RELAY_ENERGISED]),
    (devices.relays, [replace(RELAY, energised=(2,))], []),
    (devices.inputs, [INPUTS], []),
    (devices.inputs, [facts.InputsFacts("out", wired=False)], [FindingCode.LANE_BLIND]),
    (devices.inputs, [replace(INPUTS, up=False)], [FindingCode.INPUTS_LOST]),
    (devices.inputs, [replace(INPUTS, signals={"presence": None, "safety": False})], [FindingCode.INPUTS_UNKNOWN]),
    (devices.inputs, [replace(INPUTS, blind=True)], [FindingCode.LANE_BLIND]),
    (devices.second_reading, SECOND_READING, []),
    (devices.second_reading, replace(SECOND_READING, ready=0), []),
    (devices.second_reading, replace(SECOND_READING, trouble="no file left"), [FindingCode.SECOND_READING_LOST]),
    (
        devices.second_reading,
        replace(SECOND_READING, unconfined=("calls: no libseccomp",)),
        [FindingCode.SECOND_READING_UNCONFINED],
    ),
    (devices.scanners, [SCANNER], []),
    (devices.scanners, [replace(SCANNER, up=False)], [FindingCode.SCANNER_LOST]),
    (devices.scanners, [replace(SCANNER, noisy=True)], [FindingCode.SCANNER_NOISY]),
    (devices.signs, [SIGN], []),
    (devices.signs, [replace(SIGN, up=False)], [FindingCode.SIGN_LOST]),
    (devices.voices, [SIGN], []),
    (devices.voices, [replace(SIGN, up=False)], [FindingCode.VOICE_LOST]),
]
NOT_JUDGED_HERE = {FindingCode.CHECK_HANGS, FindingCode.CHECK_FAILED}


@pytest.mark.parametrize(("judge", "given", "codes"), CASES)
def test_facts_are_judged(judge, given, codes):
    found = list(judge(given))
    assert [one.code for one in found if one.code is not None] == codes
    assert found
    for one in found:
        words = advice(one)
        assert (words is None) == (one.code is None)
        assert all("{" not in translate(said, language) for said in words or () for language in Language)


def test_every_code_has_a_case_here():
    assert {code for *_, codes in CASES for code in codes} == set(FindingCode) - NOT_JUDGED_HERE


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (formatting.size(0), "0 B"),
        (formatting.size(1536), "1.5 KiB"),
        (formatting.size(60 * GB), "60.0 GiB"),
        (formatting.size(5000 * 1024 * GB), "5000.0 TiB"),
        (formatting.span(7), "7 s"),
        (formatting.span(61), "1 min"),
        (formatting.span(3 * 3600 + 120), "3 h 2 min"),
        (formatting.span(-86_400 * 3), "3 d"),
        (formatting.mode(0o100640), "0640"),
    ],
)
def test_figures_are_shown_in_no_language(made, text):
    assert made == text


def test_a_report_survives_its_way_as_json_and_its_lines_say_what_to_do():
    findings = (
        Finding(DiagnosticCheck.DISK, "/var", FindingCode.DISK_LOW, values={"free": "400.0 MiB"}),
        Finding(DiagnosticCheck.MEMORY, measured="2 / 4"),
    )
    report = DiagnosticReport("gate-7", "0.2", agent=True, utc=1.8e9, findings=findings)
    assert report_from_json(report_as_json(report, Language.KK), 1.8e9) == report
    assert report.worst is Severity.WARNING
    text = list(report_lines(report, Language.RU))
    assert text[0] == "gate-7, gate-agent 0.2: проверила работающая программа"
    assert "Диск /var: Диск почти заполнен: свободно 400.0 MiB." in text[1]
    assert text[2].strip().startswith("→ Удалите")
    assert text[-1] == "ошибка: 0, предупреждение: 1, замечание: 0, Норма: 1"


def test_the_dates_of_certificates_trust_list_and_keys_are_told_where_all_is_well():
    renewed = replace(CERTIFICATE, renews=NOW + timedelta(days=40))
    told = {one.subject: one.measured for one in certificates.certificates(tls(renewed))}
    assert told[str(CERTIFICATE.path)] == f"gate-7, → {CERTIFICATE.ends:%Y-%m-%d}, ↻ {renewed.renews:%Y-%m-%d}"
    told = {one.subject: one.measured for one in remote.lists(LISTS)}
    assert f"→ {NOW + timedelta(days=90):%Y-%m-%d}, " in told["trust"]
    assert told["1a2b3c4d"] == f"customs, → {NOW + timedelta(days=400):%Y-%m-%d}"
