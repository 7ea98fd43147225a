"""The command gate-central, run as a process beside a real database, a real broker and real gates."""

import io
import signal
import subprocess
import sys
import urllib.request
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from agent.broker import Topics
from agent.clock import Clock
from agent.core.crypto.keys import SigningKey
from agent.core.events import digest_of_value
from agent.store.journal import ErasureScope
from central.consumer import EventStore, Message
from central.database import Role, connect
from central.operation.cli import main
from tests.support.consumer.consumer import acknowledged, journals, sent, uplinks
from tests.support.consumer.postgres import needs_postgres
from tests.support.mqtt.linking import record
from tests.support.mqtt.mosquitto import Broker, free_port, needs_mosquitto
from tests.support.store.personal import plate, vehicle
from tests.support.waiting import PATIENCE_S, eventually, scaled

pytestmark = [needs_postgres, needs_mosquitto]
GATES = ("khorgos-01", "khorgos-02")
KEY = SigningKey.from_seed(bytes(range(32)))
PROGRAM = (sys.executable, "-c", "from central.operation.main import main; main()")


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path, "max_queued_messages 100000") as running:
        yield running


@pytest.fixture
def config(tmp_path, broker, central_url):
    """A configuration that signs; its exporter has a free port."""
    (tmp_path / "ack.pem").write_bytes(KEY.to_pem())
    path = tmp_path / "central.toml"
    path.write_text(f"""
[broker]
urls = ["mqtt://127.0.0.1:{broker.port}"]
[database]
url = "{central_url}"
[acknowledgements]
key = "ack.pem"
[exporter]
port = {free_port()}
""")
    return path


@pytest.fixture
def run(monkeypatch, capsys):
    """Gives a function that runs a command to its end, in this process; what it says."""

    def command(words, config, *arguments, code=0):
        monkeypatch.setattr(sys, "argv", ["gate-central", *words.split(), *arguments, "--config", str(config)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert (ended.value.code or 0) == code, said
        return said.out + said.err

    return command


@contextmanager
def service(config, command):
    """A command that runs until it is stopped; gives its log."""
    log = config.with_name(f"{command}.log")
    with log.open("wb") as out:
        process = subprocess.Popen([*PROGRAM, command, "--config", config], stdout=out, stderr=out)
    try:
        yield process, log
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0, log.read_text()


def stored(url):
    with closing(connect(url, read_only=True)) as database:
        rows = database.execute(
            "SELECT '/gate/' || s.gate, s.stream, e.seq, e.payload FROM events e JOIN streams s ON s.id = e.stream_id"
        ).fetchall()
    return {tuple(row[:3]): bytes(row[3]) for row in rows}


def test_events_of_real_gates_are_stored_acknowledged_and_exported_although_the_consumer_is_killed(
    tmp_path, broker, config, central_url, run
):
    run("migrate", config)
    assert "can be used" in run("check", config)
    with journals(tmp_path, *GATES) as opened, uplinks(broker.port, opened, ack_keys={"central": KEY.public}):
        with service(config, "consume") as (process, log):
            record(opened[GATES[0]], 300)
            eventually(lambda: "works as central" in log.read_text(), what="the consumer at work")
            eventually(lambda: len(stored(central_url)) > 20, what="some events stored")
            process.kill()
            process.wait(PATIENCE_S)
        record(opened[GATES[1]], 100)
        with service(config, "consume"):
            acknowledged(opened)
            assert stored(central_url) == sent(opened)
        lines = run("gaps", config)
        assert all(f"{gate} {journal.stream}: watermark {journal.head}" in lines for gate, journal in opened.items())
        port = config.read_text().rpartition("port = ")[2].strip()
        with service(config, "export"):
            text = eventually(lambda: fetched(port), what="the exporter answering")
        assert f'gate_central_gate_watermark{{gate="{GATES[0]}"}} {float(opened[GATES[0]].head)}' in text


def test_personal_values_come_from_real_gates_and_are_erased_by_a_value_that_no_argument_names(
    tmp_path, broker, config, database, run, monkeypatch
):
    run("migrate", config)
    with journals(tmp_path, GATES[0], erasable=True) as opened, uplinks(broker.port, opened):
        for number in range(3):
            opened[GATES[0]].record(vehicle(number))
        opened[GATES[0]].erase(ErasureScope(1, 3), "request")
        with service(config, "consume"):
            acknowledged(opened)
    assert database.execute("SELECT plate FROM vehicles ORDER BY seq").fetchall() == [(None,), (plate(1),), (plate(2),)]
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{plate(2).lower()}\n"))
    why = ("--cause", "asked for", "--operator", "aigul")
    assert "of 3 events are erased" in run("erase", config, "--value", "--rewrite", *why)
    assert database.execute("SELECT plate FROM vehicles ORDER BY seq").fetchall() == [(None,), (plate(1),), (None,)]
    assert "0 values of 0 events" in run("erase", config, "--digest", digest_of_value(plate(2)), *why, code=1)
    stream = opened[GATES[0]].stream
    assert "of 1 events" in run("erase", config, "--gate", GATES[0], "--stream", stream, "--to", "4", *why)
    assert "watermark 9, last 9" in run("gaps", config)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "give --value or --digest, or --gate and --stream"),
        (("--digest", "abc"), "64 hex digits"),
        (("--gate", "g"), "give --value or --digest, or --gate and --stream"),
        (("--value",), "no value"),
    ],
)
def test_an_erasure_that_names_nothing_is_refused(config, run, monkeypatch, options, said):
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert said in run("erase", config, *options, "--cause", "x", "--operator", "y", code=2)


def test_housekeeping_erases_values_by_age(tmp_path, config, database, run):
    config.write_text(config.read_text().replace("[database]", "[database]\nkeep_values_days = 7"))
    store = EventStore(
        database, lambda: datetime.fromtimestamp(Clock().now().utc, UTC) - timedelta(days=8), Role.ACKNOWLEDGE
    )
    with journals(tmp_path, GATES[0], erasable=True) as opened:
        opened[GATES[0]].record(vehicle(1))
        for event in opened[GATES[0]].range(1, 3):
            values = {"disclosures": ["~".join(one.text for one in event.disclosures)]}
            store.store([Message(Topics(GATES[0]).event(event.type), event.payload, properties=values)])
    assert "erased by age: 13 values of 3 events" in run("housekeep", config)


def fetched(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as answer:
            return answer.read().decode()
    except OSError:
        return ""


def test_commands_say_what_is_wrong_in_a_line_and_how_to_fix_it(config, central_url, run):
    assert "database has migration 0 of" in run("consume", other(config, central_url, "postgres"), code=1)
    broken = config.with_name("broken.toml")
    broken.write_text(config.read_text().replace("[exporter]", "[exporte]"))
    assert 'did you mean "exporter"?' in run("check", broken, code=2)
    config.with_name("ack.pem").write_text("no key")
    assert "ack.pem" in run("check", config, code=1)
    assert "expected 64 hex digits" in run("keys add", config, "khorgos-01", "abc", "--noted-by", "me", code=2)


def other(config, url, name):
    """A configuration with another database of the server."""
    path = config.with_name("other.toml")
    path.write_text(config.read_text().replace(url, url.replace(url.split("/")[3].split("?")[0], name)))
    return path


def test_gates_that_are_expected_and_keys_that_are_noted_are_told(config, database, run):
    run("expect", config, "khorgos-01", "khorgos-02")
    run("expect", config, "khorgos-02", "--remove")
    rows = database.execute("SELECT gate, code FROM open_problems").fetchall()
    assert rows == [("khorgos-01", "NEVER_HEARD")]
    run("keys add", config, "khorgos-01", KEY.public.raw.hex(), "--noted-by", "aigul")
    assert run("keys list", config).split() == ["khorgos-01", KEY.public.raw.hex(), "noted", "by", "aigul"]


def test_housekeeping_makes_the_months_to_come_and_drops_old_ones(config, database, run):
    database.execute("CREATE TABLE events_2020_01 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2020-02-01')")
    for table in ("vehicles", "disclosures"):
        database.execute(
            f"CREATE TABLE {table}_2020_01 PARTITION OF {table} FOR VALUES FROM ('2020-01-01') TO ('2020-02-01')"
        )
    said = run("housekeep", config)
    assert "Dropped(month='2020_01', events=0)" in said


def test_without_its_extra_the_command_says_what_to_install():
    code = "import sys; sys.modules['psycopg'] = None; from central.operation.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=scaled(30))
    assert done.returncode == 1
    assert done.stderr.startswith("gate-central: the Python package psycopg is missing")
