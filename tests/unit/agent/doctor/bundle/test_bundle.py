"""The support bundle: what is in it, and that no secret is, wherever one was put."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import stat
import zipfile
from importlib.metadata import distributions

import pytest
from typer.testing import CliRunner

from agent.cli.main import application
from agent.core.events.event_types import AccessDecided, Draft, PermitRecord, TransactionClosed
from agent.core.model import Outcome
from agent.core.model.reasons import Reason, Verdict
from agent.doctor.bundle import contents
from agent.doctor.bundle.archive import BundleMaterial, BundleRequest, pack_bundle
from agent.doctor.bundle.contents import versions
from agent.doctor.bundle.scrub import Scrubber, secrets_of
from agent.doctor.finding import DiagnosticReport
from agent.observability import logs
from agent.service.redaction import MASK
from tests.support.console.consoles import KNOWN_TO_ALL, ConsoleGate
from tests.support.observability.root_logger import root_as_before
from tests.support.pki.certificates import Authority

PLATE, OTHER_PLATE, VIN = "新B52K18", "777AAA02", "LSGJA52U1AH123456"
IN_FILE, IN_ENVIRONMENT, IN_CREDENTIAL = "hunter-in-the-file", "hunter-in-the-environment", "hunter-in-a-credential"
IN_VARIABLE, OF_CAMERA, IN_QUERY = "hunter-in-another-variable", "hunter%40camera", "hunter-in-a-query"
CODE = "ABCD-EFGH-2345"
CONFIGURED = f"""
[site]
brokers = ["mqtts://127.0.0.1:9"]
password = "{IN_FILE}"
username = "gate"
"""
LANES = f"""
[lanes.out]
number = 1
direction = "export"

[lanes.out.relay]
kind = "simulated"
name = "bundle"

[[lanes.out.cameras]]
id = "front"
kind = "opencv"
url = "rtsp://admin:{OF_CAMERA}@127.0.0.1:9/stream?token={IN_QUERY}"
readers = ["qr"]
"""


@pytest.fixture
def _log_as_before():
    with root_as_before():
        yield


@pytest.fixture
def key(tmp_path):
    """The private key of the console, as PEM."""
    _, key = Authority(tmp_path).issue("gate-7")
    return key.read_text()


@pytest.fixture
def gate(tmp_path, monkeypatch, _log_as_before):
    """A running agent with a secret in every place."""
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "mqtt.password").write_text(f"{IN_CREDENTIAL}\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    monkeypatch.setenv("GATE_MQTT__USERNAME", "gate")
    monkeypatch.setenv("GATE_MQTT__PASSWORD", IN_ENVIRONMENT)
    monkeypatch.setenv("BACKUP_TOKEN", IN_VARIABLE)
    logs.configure(level="debug", style="text", gate="gate-7", stream=io.StringIO())
    (tmp_path / "gate").mkdir()
    with ConsoleGate(tmp_path / "gate", console=CONFIGURED, lanes=LANES) as gate:
        yield gate


def happened(gate):
    """Have a vehicle pass that is named in events and in the log."""
    permit = PermitRecord(
        permit="aa", issuer="us", key="bb", declaration="940120260000000001", vin=VIN, plate=PLATE, expires_at=1
    )
    recorder = gate.app.parts.recorder
    recorder.note(
        [
            Draft(AccessDecided(verdict=Verdict.PASS, reason=Reason.OK, checks=(), permit=permit), "out", "t1", 1.8e9),
            Draft(
                TransactionClosed(
                    outcome=Outcome.PASSED, reason=Reason.OK, assumed=False, duration_s=1.0, plate=OTHER_PLATE, vin=VIN
                ),
                "out",
                "t1",
                1.8e9,
            ),
        ]
    )


def unpacked(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def test_no_secret_is_in_a_bundle_wherever_it_was_put(gate, key):
    browser = gate.browser("technician")
    session = browser.cookies["gate-session"]
    happened(gate)
    secrets = {
        "in a file": IN_FILE,
        "in the environment": IN_ENVIRONMENT,
        "in a credential": IN_CREDENTIAL,
        "in another variable": IN_VARIABLE,
        "of a camera": OF_CAMERA,
        "in a query": IN_QUERY,
        "of a user": KNOWN_TO_ALL,
        "of a session": session,
        "of a form": browser.headers["x-csrf-token"],
        "of the first start": CODE,
        "a private key": key.splitlines()[1],
        "the gate's key": (gate.path.parent / "state" / "gate.key").read_text().splitlines()[1],
    }
    log = logging.getLogger("agent.test")
    for words, secret in secrets.items():
        if words not in {
            "a private key",
            "the gate's key",
            "of a user",
            "of a session",
            "of a form",
            "of the first start",
        }:
            log.warning("%s: %s", words, secret)
    log.warning("a careless line: password=%s", KNOWN_TO_ALL.replace(" ", "_"))
    log.warning("cookie: __Host-gate-session=%s; x-csrf-token: %s", session, secrets["of a form"])
    log.warning("make the first admin with the code %s, good for half an hour", CODE)
    log.warning("a key: %s", key)
    answer = browser.post("/health/bundle", data={"pictures": "true", "plates": "true"})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith('attachment; filename="gate-agent-gate-7-')
    files = unpacked(answer.content)
    assert set(files) >= {
        "README.txt",
        "doctor.json",
        "configuration.json",
        "health.json",
        "log.txt",
        "events.jsonl",
        "devices.json",
        "versions.json",
        "hashes.json",
    }
    found = [
        (name, words)
        for name, content in files.items()
        for words, secret in secrets.items()
        if secret.encode() in content
    ]
    assert found == []
    assert KNOWN_TO_ALL.replace(" ", "_").encode() not in files["log.txt"]
    assert b"a careless line" in files["log.txt"]
    assert MASK.encode() in files["log.txt"]
    rows = {row["key"]: row for row in json.loads(files["configuration.json"])}
    assert rows["site.password"]["value"] == "set"
    assert rows["mqtt.password"]["origin"] == "GATE_MQTT__PASSWORD"
    assert rows["site.username"]["value"] == "gate"
    assert f"admin:{MASK}@" in rows["lanes.out.cameras[0].url"]["value"]


def test_plates_and_vins_are_masked_unless_they_are_asked_for(gate):
    browser = gate.browser("admin")
    happened(gate)
    logging.getLogger("agent.test").warning("the vehicle %s, VIN %s", OTHER_PLATE, VIN)

    def texts(**asked):
        files = unpacked(browser.post("/health/bundle", data=asked).content)
        return files["events.jsonl"].decode() + files["log.txt"].decode()

    masked, whole = texts(), texts(plates="true")
    assert [text in masked for text in (PLATE, OTHER_PLATE, VIN)] == [False, False, False]
    assert [text in whole for text in (PLATE, OTHER_PLATE, VIN)] == [True, True, True]
    assert "新B***18" in masked.replace("新B****18", "新B***18")
    acts = [json.loads(line)["data"] for line in whole.splitlines() if '"console.acted"' in line]
    assert ("bundle.taken", "some-admin") in {(act["act"], act["person"]) for act in acts}


def test_pictures_are_in_it_only_when_they_are_asked_for(gate):
    jpeg = b"\xff\xd8 a picture"
    name = hashlib.sha256(jpeg).hexdigest()
    gate.app.parts.evidence.keep(name, jpeg)
    closed = TransactionClosed(
        outcome=Outcome.DENIED, reason=Reason.EXPIRED, assumed=False, duration_s=1.0, pictures=(name, "no name")
    )
    gate.app.parts.recorder.note([Draft(closed, "out", "t2", 1.8e9)])
    browser = gate.browser("technician")
    assert not any(file.startswith("pictures/") for file in unpacked(browser.post("/health/bundle").content))
    with_pictures = unpacked(browser.post("/health/bundle", data={"pictures": "true"}).content)
    assert with_pictures[f"pictures/{name}.jpg"] == jpeg


def test_what_is_no_file_in_the_place_of_a_picture_is_left_out_and_waited_for_by_nobody(tmp_path):
    jpeg = b"\xff\xd8 a picture"
    names = [hashlib.sha256(one).hexdigest() for one in (b"a pipe", b"a folder", jpeg)]
    places = [tmp_path / "kept" / name[:2] / f"{name}.jpg" for name in names]
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(places[0])
    places[1].mkdir()
    places[2].write_bytes(jpeg)
    assert list(contents.pictures(tmp_path, [{"data": {"pictures": names}}])) == [(names[2], jpeg)]


@pytest.mark.parametrize("role", [None, "viewer"])
def test_a_bundle_is_for_technicians(gate, role):
    answer = gate.browser(role).post("/health/bundle")
    assert answer.status_code in {303, 403}
    assert b"PK" not in answer.content


def test_the_command_writes_a_bundle_that_only_its_owner_may_read_and_overwrites_nothing(gate, tmp_path):
    out = tmp_path / "out.zip"
    command = ["bundle", str(out), "--config", str(gate.path), "--socket", str(tmp_path / "none.sock")]
    answer = CliRunner().invoke(application(command), command)
    assert answer.exit_code == 0, answer.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    content = b"".join(unpacked(out.read_bytes()).values())
    assert b'"gate": "gate-7"' in content
    for secret in (IN_FILE, IN_ENVIRONMENT, IN_CREDENTIAL, IN_VARIABLE, OF_CAMERA, IN_QUERY):
        assert secret.encode() not in content
    again = CliRunner().invoke(application(command), command)
    assert again.exit_code == 1
    assert "File exists" in again.output


def test_a_bundle_can_be_made_where_no_configuration_can_be_used():
    report = DiagnosticReport("?", "0.2", agent=False, utc=1.8e9, findings=())
    files = unpacked(pack_bundle(BundleMaterial(report, None, None, None, {}, None), BundleRequest()))
    assert json.loads(files["configuration.json"]) is None
    assert b"no log" in files["log.txt"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("gate-session=abcdefgh; Path=/", f"gate-session={MASK}; Path=/"),
        ("Authorization: Bearer abc.def", f"Authorization: {MASK}"),
        ("mqtts://u:p4ss:w@rd@host/x", f"mqtts://u:{MASK}@host/x"),
        ('{"api_token": "abcd1234"}', f'{{"api_token": "{MASK}"}}'),
        ("-----BEGIN PRIVATE KEY-----\nMC4\n", f"{MASK} (a private key)"),
        ("WVWZZZ1JZXW000001 came", "WV*************01 came"),
        ("a number 12345678901234567", "a number 12345678901234567"),
        ("boot 0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "boot 0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out_of_a_text(text, left):
    assert Scrubber((), plates=False).text(text) == left


def test_a_secret_that_is_a_part_of_another_does_not_leave_the_rest_of_it():
    scrub = Scrubber(["hunter", "hunter-two"], plates=False)
    assert scrub.text("hunter-two and hunter") == f"{MASK} and {MASK}"


def test_the_secrets_of_the_environment_are_known_by_the_names_of_their_variables(tmp_path):
    (tmp_path / "a.key").write_text("first-line\n\nsecond-line\nabc\n")
    found = secrets_of(None, {"GATE_MQTT__PASSWORD": "pw-1234", "PATH": "/usr/bin", "MY_API_KEY": "k-1234"}, tmp_path)
    assert found == {"pw-1234", "k-1234", "first-line", "second-line"}


def test_every_package_is_listed_with_its_version_as_python_knows_them():
    known = (one.metadata for one in distributions())
    assert versions()["packages"] == {one["Name"]: one["Version"] for one in known}


def test_a_package_of_an_older_kind_is_listed_and_one_that_says_nothing_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(contents, "distributions", lambda: list(distributions(path=[str(tmp_path)])))
    for folder, file, text in (
        ("new-1.dist-info", "METADATA", "Metadata-Version: 2.1\nName: new\nVersion: 1\n\nVersion: 7\n"),
        ("old-2.egg-info", "PKG-INFO", "Metadata-Version: 1.0\nName: old\nVersion: 2\n"),
        ("odd-3.dist-info", "RECORD", ""),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).write_text(text)
    assert versions()["packages"] == {"new": "1", "old": "2"}
