"""The section [console]: what is refused, with its place, and what is only warned of."""

from __future__ import annotations

import pytest

from agent.console.certificate import certificate
from agent.settings import SettingsError
from agent.settings.model.agent import Console
from tests.support.gate.config_files import GOOD, loaded, write


@pytest.fixture
def pair(tmp_path):
    made = certificate(Console(), tmp_path, ["gate.example"], 1.8e9)
    return made.chain_file, made.key_file


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('listen = ["gate.example"]', "console.listen[0]: expected an IP address of this computer"),
        ('listen = ["127.0.0.1", "127.0.0.1"]', "console.listen[1]: this address is listed twice"),
        ('listen = ["0.0.0.0", "10.0.0.1"]', "console.listen[0]: means every address"),
        ('listen = ["224.0.0.1"]', "console.listen[0]: expected an address of this computer, not of a group"),
        ("listen = []", "console.listen: expected"),
        ('names = ["gate_1.example"]', "console.names[0]: expected a host name"),
        ('key_file = "console.key"', "console.key_file: needs console.certificate_file beside it"),
        ('certificate_file = "none.pem"\nkey_file = "none.key"', "none.pem cannot be read: No such file"),
        ("idle_minutes = 0", "console.idle_minutes: expected a whole number from 1 to 1440"),
        ('tls = "never"', 'console.tls: expected one of "auto", "always"'),
    ],
)
def test_what_does_not_fit_is_refused_with_its_line(tmp_path, lines, message):
    with pytest.raises(SettingsError) as caught:
        loaded(write(tmp_path, f"{GOOD}\n[console]\n{lines}\n"))
    (found, *_) = [str(problem) for problem in caught.value.problems]
    assert message in found
    assert f"gate.toml:{GOOD.count(chr(10)) + 3}:" in found


def test_a_certificate_and_a_key_of_another_are_refused(tmp_path, pair):
    (tmp_path / "other").mkdir()
    other = certificate(Console(), tmp_path / "other", ["gate.example"], 1.8e9)
    text = f'{GOOD}\n[console]\ncertificate_file = "{pair[0]}"\nkey_file = "{other.key_file}"\n'
    with pytest.raises(SettingsError, match=r"console\.certificate_file"):
        loaded(write(tmp_path, text))


def test_a_certificate_that_no_address_needs_is_warned_of(tmp_path, pair):
    text = f'{GOOD}\n[console]\ncertificate_file = "{pair[0]}"\nkey_file = "{pair[1]}"\n'
    (warning,) = loaded(write(tmp_path, text)).warnings
    assert "is not used: all addresses" in str(warning)
    assert not loaded(write(tmp_path, f'{text}listen = ["127.0.0.1", "10.0.0.1"]\n')).warnings
