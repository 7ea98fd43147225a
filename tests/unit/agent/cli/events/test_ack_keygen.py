"""The command `gate-agent events ack-keygen`: a key for central, and the lines for the gates."""

import stat
import tomllib

from typer.testing import CliRunner

from agent.cli import exit_codes
from agent.cli.events import app
from agent.core.crypto.keys import SigningKey
from agent.settings import Mqtt


def run(*arguments):
    return CliRunner().invoke(app, ["ack-keygen", *map(str, arguments)])


def test_the_key_is_private_and_what_is_printed_is_a_table_of_the_configuration(tmp_path):
    made = run(tmp_path / "ack.pem", "--id", "east")
    assert made.exit_code == exit_codes.OK, made.output
    secret = SigningKey.from_pem((tmp_path / "ack.pem").read_bytes())
    assert stat.S_IMODE((tmp_path / "ack.pem").stat().st_mode) == 0o600
    (key,) = Mqtt.model_validate(tomllib.loads(made.stdout)["mqtt"]).ack_keys
    assert (key.id, key.public_key) == ("east", secret.public.raw.hex())


def test_a_key_that_is_there_is_not_written_over(tmp_path):
    run(tmp_path / "ack.pem")
    before = (tmp_path / "ack.pem").read_bytes()
    again = run(tmp_path / "ack.pem")
    assert (again.exit_code, "already exists" in again.stderr) == (exit_codes.FAILED, True)
    assert (tmp_path / "ack.pem").read_bytes() == before
