"""docs/commands.md: its program works as it stands, and it names every command, code and result."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from agent.clock.clock import Clock
from agent.core.commands.body import BODIES
from agent.core.commands.check import BYTES_LIMIT, CLOCK_SKEW_S
from agent.core.commands.command import Refusal, Result
from agent.core.model import CommandName
from agent.mqtt import challenges
from agent.mqtt import command_executions as executions
from agent.mqtt import command_processor as commands
from agent.mqtt import command_results as results
from tests.support.mqtt.command_site import CommandSite
from tests.support.mqtt.commanding import GATE, KEY
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto
from tests.support.waiting import scaled

PAGE = (Path(__file__).parents[4] / "docs" / "commands.md").read_text()


@needs_mosquitto
def test_the_program_on_the_page_opens_a_lane(tmp_path):
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    key_file = tmp_path / "duty.pem"
    key_file.write_bytes(KEY.to_pem())
    with (
        Broker(tmp_path) as broker,
        CommandSite(broker.port, tmp_path / "journal.db", utc=Clock().now().utc).running() as site,
    ):
        command = [sys.executable, "-c", program, "127.0.0.1", str(broker.port), key_file, "duty", GATE, "in-1"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=scaled(30))
        (obeyed,) = site.executors.carried_out
    assert done.returncode == 0, done.stderr
    assert '"result": "done"' in done.stdout
    assert (obeyed.name, obeyed.operator, obeyed.cause) == ("open", "A. Serik", "ambulance")


@pytest.mark.parametrize("name", list(CommandName))
def test_every_command_has_its_line_with_its_arguments(name):
    (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{name.value}` |")]
    schema = BODIES[name].model_json_schema()
    arguments = schema["$defs"][schema["properties"]["arguments"].get("$ref", "/NoArguments").rpartition("/")[2]]
    assert all(f"`{field}`" in line for field in arguments.get("properties", {}))
    assert ("| yes |" in line) == ("lane" in schema["required"])


def test_the_codes_stand_there_in_their_order():
    codes = re.findall(r"^\| ([A-Z_]{5,}) \|", PAGE, re.MULTILINE)
    assert codes == [code.value for code in Refusal]


def test_every_result_and_field_is_explained():
    for result in Result:
        assert f"| `{result.value}` |" in PAGE
    fields = set(BODIES[CommandName.OPEN].model_fields) | {"lane"}
    table = PAGE.partition("exactly these fields")[2].partition("## The commands")[0]
    assert all(f"`{field}`" in table for field in fields)


def test_the_numbers_are_those_of_the_code():
    for number in (
        f"{BYTES_LIMIT:,} bytes",
        f"more than {CLOCK_SKEW_S} s ahead",
        f"For {challenges.GRACE_S:g} s after a change",
        (
            f"({commands.VERIFIED_A_SECOND} per second, {commands.VERIFIED_AT_ONCE} at once), "
            f"or more than {commands.INBOX_LIMIT} waiting"
        ),
        f"nothing takes longer than {executions.EXECUTION_S:g} s",
        f"up to {results.CORRELATION_LIMIT} bytes, echoed",
    ):
        assert number in PAGE
    assert (challenges.ROTATE_EVERY_S, challenges.BYTES) == (600, 16)
