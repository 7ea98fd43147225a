"""The configuration of a central: what is read, and what is said of mistakes."""

from pathlib import Path

import pytest

from agent.settings import SettingsError
from central.database import Role
from central.operation import load_central

SAMPLE = Path(__file__).parents[4] / "config" / "central" / "central.toml"
TRACES = {"url", "ca", "token_file", "untraced"}
WHOLE = """
[broker]
urls = ["mqtt://localhost"]
[database]
url = "postgresql:///central"
"""


@pytest.fixture
def loaded(tmp_path):
    """Gives a function that loads a text."""

    def load(text):
        path = tmp_path / "central.toml"
        path.write_text(text)
        return load_central(path)

    return load


def said(loaded, text):
    """What is said of a text, without its path and excerpts."""
    with pytest.raises(SettingsError) as caught:
        loaded(text)
    return [str(problem).splitlines()[0].partition("central.toml:")[2] for problem in caught.value.problems]


def test_the_shipped_sample_can_be_used_and_its_commented_keys_are_the_defaults(tmp_path):
    sample = load_central(SAMPLE)
    assert sample.broker.ca == SAMPLE.parent / "certs" / "ca.crt"
    lines = SAMPLE.read_text().splitlines()
    wanted = [line.removeprefix("# ") for line in lines if line.startswith("# ") and "=" in line.split("#")[1]]
    free = [
        line
        for line in wanted
        if line.split(" =")[0] not in {"user", "password_file", "broker", "key", "kid", "operator", "after_s", *TRACES}
    ]
    keys = {line.split(" =")[0] for line in free}
    assert keys == {
        "name",
        "role",
        "gates",
        "queue",
        "session_days",
        "keep_months",
        "keep_values_days",
        "listen",
        "port",
        "most_gates",
        "fresh_s",
    }
    tables = {
        "central": sample.central,
        "broker": sample.broker,
        "database": sample.database,
        "exporter": sample.exporter,
    }
    for line in free:
        name, value = line.split("#")[0].split(" = ")
        [table] = [one for one in tables.values() if name in type(one).model_fields]
        default = type(table).model_fields[name].default
        assert str(default if not isinstance(default, tuple) else list(default)) == value.strip().strip('"'), name


def test_what_is_missing_has_its_default(loaded):
    settings = loaded(WHOLE)
    assert (settings.central.name, settings.central.role, settings.acknowledgements) == (
        "central",
        Role.ACKNOWLEDGE,
        None,
    )


def test_a_misspelt_key_is_named_with_its_line_and_the_nearest_right_word(loaded):
    assert said(loaded, WHOLE.replace("urls", "url", 1)) == [
        '3:1: error: broker.url: there is no such key here; did you mean "urls"?'
    ]
    assert said(loaded, WHOLE + "[centrall]\n") == [
        '6:2: error: centrall: there is no such key here; did you mean "central"?'
    ]


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ('"mqtt://localhost"', '"http://localhost"', "expected mqtts://, mqtt://, amqps:// or amqp://, then host:port"),
        ('"mqtt://localhost"', '"amqp://a:b@localhost"', "set user and password_file in their own keys"),
        ("postgresql:///central", "sqlite:events.db", "expected postgresql://user@host/database"),
        (
            "postgresql:///central",
            "postgresql://a:b@host/central",
            "do not write the password here: put it into ~/.pgpass",
        ),
        ("[database]", "[exporter]\nport = 0\n[database]", "expected a whole number from 1 to 65535; got 0"),
        ("[database]", '[exporter]\nport = "9109"\n[database]', "expected a whole number"),
        ("[broker]", '[central]\nname = "a/b"\n[broker]', "expected 1 to 32 of A-Z a-z 0-9 _ -"),
        ("[broker]", '[central]\nrole = "listener"\n[broker]', 'did you mean "listen"?'),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_was_expected(loaded, right, wrong, words):
    [line] = said(loaded, WHOLE.replace(right, wrong))
    assert words in line
    assert line[0].isdigit()


def test_a_password_in_an_address_is_not_shown(loaded):
    with pytest.raises(SettingsError) as caught:
        loaded(WHOLE.replace("postgresql:///central", "postgresql://a:geheim@host/central"))
    assert "geheim" not in str(caught.value)


def test_a_listening_central_cannot_sign_acknowledgements(loaded):
    text = WHOLE + '[central]\nrole = "listen"\n[acknowledgements]\nkey = "ack.pem"\n'
    [line] = said(loaded, text)
    assert 'role "listen" acknowledges nothing' in line


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read: No such file or directory"):
        load_central(tmp_path / "central.toml")


def test_where_vehicles_are_told_is_an_address_of_http_without_a_token_in_it(loaded):
    settings = loaded(WHOLE + '[traces]\nurl = "http://127.0.0.1:4318/v1/traces"\n')
    assert (settings.traces.url, settings.traces.untraced) == ("http://127.0.0.1:4318/v1/traces", True)
    for wrong in ("127.0.0.1:4318", "grpc://127.0.0.1:4317", "https://me:secret@host/v1/traces"):
        (line,) = said(loaded, WHOLE + f'[traces]\nurl = "{wrong}"\n')
        assert "expected http:// or https://" in line
