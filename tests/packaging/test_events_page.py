"""The page docs/events.md: it is what the code says, and what it tells a reader to run does what it promises."""

import json
import re
import runpy
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.exceptions import InvalidSignature

from agent.broker.tls import TlsFiles
from agent.core.commands.command import Refusal, Result
from agent.core.contract import examples
from agent.core.contract.channels import CHANNELS
from agent.core.contract.schemas import EVENTS, schemas
from agent.core.events.acknowledgement import AckPolicy, ReadAck, read_ack
from agent.core.events.chain import beginning
from agent.core.events.event_types import Alarm
from agent.core.model import CommandName, Outcome
from agent.core.model.reasons import Reason, Verdict
from tests.support.mqtt.linking import GATE, journal_at, linked, local, quick, record
from tests.support.mqtt.mosquitto import SampleBroker, needs_mosquitto
from tests.support.packaging.drawn_pictures import check_words_stand_apart
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "events.md"
LINK = re.compile(r"\]\(([^)\s]+)\)")
DISCLOSURES = json.loads((ROOT / "docs" / "contract" / "vectors" / "disclosures.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def tool():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "tools"))
        import events_page  # noqa: PLC0415 - the tools are on the path only here

        yield events_page
        del sys.modules["events_page"]


@pytest.fixture(scope="module")
def text():
    return PAGE.read_text(encoding="utf-8")


def block(text, language, holding):
    (found,) = [
        one for one in re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE) if holding in one
    ]
    return found


def section(text, heading):
    return text.split(f"\n{heading}\n", 1)[1].split(f"\n{heading.split()[0]} ", 1)[0]


def test_the_page_and_its_picture_are_what_the_code_says(tool, text):
    assert text == tool.page(), "run: python tools/events_page.py"
    assert tool.PICTURE.read_text(encoding="utf-8") == tool.one_vehicle().svg(), "run: python tools/events_page.py"


def test_no_words_of_the_picture_touch_other_words_or_leave_the_card(tool):
    check_words_stand_apart(tool.one_vehicle())


def test_every_link_of_the_page_leads_somewhere(text):
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    places = [re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads]
    assert len(places) == len(set(places)), "two headings with one name"
    for target in LINK.findall(text):
        path, _, place = target.partition("#")
        if target.startswith("https://"):
            continue
        assert not path or (PAGE.parent / path).exists(), target
        assert path or place in places, target


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_type_has_its_fields_and_an_example_on_the_page(text, kind):
    part = section(text, f"### {kind}")
    for name in EVENTS[kind].model_fields:
        assert f"\n| `{name}` |" in part
    assert json.loads(block(part, "json", "{")) == json.loads(examples.event_example(kind))["data"]


def test_every_field_of_every_message_is_on_the_page(text):
    for name in ("status", "birth", "health", "ack", "result", "event/access.granted"):
        for field in schemas()[name]["properties"]:
            assert field == "data" or f"\n| `{field}` |" in text, (name, field)


def test_every_topic_and_every_command_is_on_the_page(text):
    part = section(text, "## Topics")
    for path in {re.sub(r"^(event|cmd|res)/.*", r"\1/", one.path) for one in CHANNELS}:
        assert f"\n| `{path}" in part
    for name in CommandName:
        assert f"\n| [`{name}`](" in section(text, "## Commands and their results")


@pytest.mark.parametrize("values", [Outcome, Verdict, Reason, Alarm, Result, Refusal])
def test_every_value_is_on_the_page(text, values):
    part = section(text, f"### {values.__name__}")
    for value in values:
        assert f"`{value}`" in part


# ------------------------------------------------------------------------------------------------ what it says to run


@pytest.fixture(scope="module")
def prove(text):
    made = {}
    exec(block(text, "python", "def prove"), made)  # noqa: S102 - the page's own code is what is proved here
    return made["prove"]


def test_the_ten_lines_of_the_page_prove_the_example_chain(prove):
    sealed = examples.chain()
    assert prove(one.payload for one in sealed) == sealed[-1].digest
    assert prove(one.payload for one in sealed[5:]) == sealed[-1].digest


@pytest.mark.parametrize(
    "forge",
    [
        lambda payloads: [*payloads[:3], payloads[3].replace(b'"length":282', b'"length":283'), *payloads[4:]],
        lambda payloads: payloads[:3] + payloads[4:],
        lambda payloads: [*payloads[:3], payloads[3], *payloads[3:]],
        lambda payloads: [payloads[1], payloads[0], *payloads[2:]],
        lambda payloads: [payloads[0].replace(b'"version":"0.1.0"', b'"version":"0.2.0"'), *payloads[1:]],
        lambda payloads: [re.sub(rb'"prev":"\w+"', b'"prev":"' + b"0" * 64 + b'"', payloads[0]), *payloads[1:]],
    ],
    ids=["altered", "dropped", "twice", "exchanged", "first altered", "begun elsewhere"],
)
def test_the_ten_lines_of_the_page_refuse_a_chain_that_was_forged(prove, forge):
    with pytest.raises(ValueError, match="event"):
        prove(forge([one.payload for one in examples.chain()]))


def test_they_are_ten_lines(text):
    code = block(text, "python", "def prove").split("def prove", 1)[1]
    assert len([line for line in code.splitlines() if '"""' not in line]) == 10


def test_the_checkpoint_is_opened_as_the_page_says(text):
    made = {}
    exec(block(text, "python", "def opened"), made)  # noqa: S102
    birth = json.loads(examples.birth_example())
    public = birth["key"]["public"]
    said = made["opened"](birth["checkpoint"], public)
    last = examples.chain()[-1]
    assert (said["gate"], said["stream"], said["seq"]) == (examples.GATE, examples.STREAM, last.seq)
    assert said["digest"] == last.digest
    head, body, signature = birth["checkpoint"].split(".")
    with pytest.raises(InvalidSignature):
        made["opened"](f"{head}.{body[:-4]}AAAA.{signature}", public)
    with pytest.raises(InvalidSignature):
        made["opened"](birth["checkpoint"], examples.COMMAND_KEY.public.raw.hex())


def test_a_text_of_another_kind_is_no_checkpoint_to_the_page(text):
    made = {}
    exec(block(text, "python", "def opened"), made)  # noqa: S102
    other = examples.command_example(CommandName.OPEN)
    with pytest.raises(ValueError, match="not a checkpoint"):
        made["opened"](other, examples.COMMAND_KEY.public.raw.hex())


@pytest.mark.parametrize("case", DISCLOSURES["cases"], ids=lambda case: case["name"])
def test_values_are_put_in_their_places_as_the_page_says_and_the_vectors_expect(text, case):
    made = {}
    exec(block(text, "python", "def with_values"), made)  # noqa: S102
    event, disclosures = json.loads(case["event"]), "~".join(case["disclosures"])
    if case["expect"].get("refused", "missing") == "missing":  # who stores it looks for what is missing
        found = made["with_values"](event, disclosures)
        assert found["data"] == case["expect"].get("data", found["data"])
    else:
        with pytest.raises(ValueError, match=r"."):
            made["with_values"](event, disclosures)


@pytest.mark.parametrize("seq", [0, 3])
def test_an_acknowledgement_that_is_signed_as_the_page_says_is_taken(text, tmp_path, seq):
    made, key = {}, examples.ACK_KEY
    exec(block(text, "python", "def acknowledgement"), made)  # noqa: S102
    (tmp_path / "ack.pem").write_bytes(key.to_pem())
    event = examples.chain()[seq - 1]
    said = made["acknowledgement"](examples.GATE, examples.STREAM, seq, event.payload, tmp_path / "ack.pem")
    digest = event.digest if seq else beginning(examples.STREAM).digest
    policy = AckPolicy(examples.GATE, {"central": key.public})
    assert read_ack(said, policy) == ReadAck(examples.STREAM, seq, digest, "central")


@pytest.fixture
def site(tmp_path):
    """The sample broker with certificates as its page makes them, and a gate's link to it."""
    with SampleBroker(tmp_path, GATE) as broker, journal_at(tmp_path / "journal.sqlite") as journal:
        settings = quick(local(broker.port, tls=True, host="localhost"), tls=TlsFiles(*broker.files(GATE)))
        with linked(journal, settings):
            yield tmp_path, broker, journal


@needs_mosquitto
def test_the_consumer_of_the_page_stores_every_event_once_and_in_order_though_it_is_killed(site, text, prove):
    folder, broker, journal = site
    code = block(text, "python", "loop_forever")
    (folder / "consumer.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "consumer.py", "localhost", str(broker.central_port)]
    for head in (60, 120, 180):
        record(journal, 60)
        with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
            try:
                eventually(lambda at_least=head - 30: journal.watermark >= at_least, what="acknowledgements")
            finally:
                process.send_signal(signal.SIGKILL)
                complaint = process.stderr.read()
        assert complaint == ""
    with subprocess.Popen(command, cwd=folder) as process:
        try:
            eventually(lambda: journal.watermark == journal.head == 180)
        finally:
            process.kill()
    with sqlite3.connect(folder / "events.db") as store:
        rows = store.execute("SELECT seq, payload FROM events ORDER BY seq").fetchall()
    store.close()
    assert rows == [(event.seq, event.payload) for event in journal.range(1, journal.head)]
    assert prove(payload for _, payload in rows) == journal.head_hash


NO_EVENTS = (
    b"nothing",
    b"\xff",
    b"5",
    b"[]",
    b"[" * 100_000,
    b'{"source": "/gate/khorgos-03"}',
    b'{"source": "/gate/another", "stream": "s", "seq": 1}',
    b'{"source": "/gate/khorgos-03", "stream": "\\ud800", "seq": 1}',
    b'{"source": "/gate/khorgos-03", "stream": "s", "seq": [1]}',
    b'{"source": "/gate/khorgos-03", "stream": "s", "seq": "1"}',
    b'{"source": "/gate/khorgos-03", "stream": "s", "seq": 1.5}',
    b'{"source": "/gate/khorgos-03", "stream": "s", "seq": true}',
    b'{"source": "/gate/khorgos-03", "stream": "s", "seq": 0}',
    b'{"source": "/gate/khorgos-03", "stream": "s", "seq": 18446744073709551616}',
)


def test_what_is_no_event_does_not_end_the_consumer_of_the_page(text, tmp_path, monkeypatch, capsys):
    (tmp_path / "consumer.py").write_text(
        block(text, "python", "loop_forever").partition("client = mqtt.Client")[0], encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["consumer.py", "localhost", "1883"])
    consumer, published = runpy.run_path("consumer.py"), []
    client = SimpleNamespace(publish=lambda *said, **_: published.append(said))
    for payload in NO_EVENTS:
        consumer["on_message"](client, None, SimpleNamespace(topic=f"gate/v1/{GATE}/event/x", payload=payload))
    assert published == []
    assert consumer["store"].execute("SELECT count(*) FROM events").fetchall() == [(0,)]
    consumer["store"].close()
    assert capsys.readouterr().err.count("no event on") == len(NO_EVENTS)


@needs_mosquitto
def test_the_listener_of_the_page_hears_a_gate(site, text):
    folder, broker, journal = site
    command = (
        block(text, "sh", "mosquitto_sub")
        .replace("broker.example", "localhost")
        .replace("8884", str(broker.central_port))
    )
    with subprocess.Popen(
        ["sh", "-c", f"exec stdbuf -oL {command}"], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            retained = set()
            while len(retained) < 2:
                retained.add(process.stdout.readline().split()[0])
            record(journal, 1)
            # The status comes again every half a minute.
            heard = next(line for line in process.stdout if "/event/" in line)
        finally:
            process.terminate()
    assert retained == {f"gate/v1/{GATE}/status", f"gate/v1/{GATE}/birth"}
    topic, _, payload = heard.partition(" ")
    assert topic == f"gate/v1/{GATE}/event/gate.stopping"
    assert json.loads(payload)["seq"] == 1
