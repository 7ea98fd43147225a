"""No secret is printed, wherever the mistake is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.service.redaction import MASK, masked, masked_urls, sounds_secret
from agent.settings import SettingsError
from tests.support.gate.config_files import GOOD, loaded, write

SECRET = "hunter2-Tr0ub4dor"  # noqa: S105 - the secret that must not be seen


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[mqtt]", f'[mqtt]\npassword = "{SECRET}"\nkeepalive_s = 1'),
        ("[mqtt]", f'[mqtt]\npassword = ["{SECRET}"]'),
        ("[mqtt]", f'[mqtt]\npassword = {{ value = "{SECRET}" }}'),
        ("[mqtt]", f'[mqtt]\npasswort = "{SECRET}"'),
        ("[mqtt]", f'[mqtt]\nsomething = "{SECRET}"'),
        ("[mqtt]", f'[mqtt]\npassword = "{SECRET}'),
        ("[mqtt]", f"[mqtt]\npassword = {SECRET}"),
        ("[mqtt]", f"[mqtt]\npassword {SECRET}"),
        ("[mqtt]", f'[mqtt]\npassword = """\n{SECRET} \\q"""'),
        ("[mqtt]", f'[mqtt]\npassword = """\na = {SECRET} \\q"""'),
        ("[mqtt]", f'[mqtt]\nx = {{ password = "{SECRET}", y = }}'),
        ("[mqtt]", f'[mqtt.password]\nvalue = "{SECRET}"\n[mqtt]'),
        ("mqtts://broker.example", f"mqtts://user:{SECRET}@broker.example"),
        ("mqtts://broker.example", f"https://user:{SECRET}@broker.example"),
        ("mqtts://broker.example", f"mqtts://user:{SECRET}@broker.example:port"),
        ('"mqtts://broker.example"', f'"mqtts://user:{SECRET}@broker.example'),
        ('"rtsp://10.0.0.5/stream"', f'["rtsp://u:{SECRET}@10.0.0.5/stream"]'),
        ('url = "rtsp://10.0.0.5/stream"', f'url = "rtsp://u:{SECRET}@10.0.0.5/stream"\nurl = 3'),
        ('url = "rtsp://10.0.0.5/stream"', f'ulr = "rtsp://u:{SECRET}@10.0.0.5/stream"'),
        ('port = "/dev/gate-barrier"', f'port = "/dev/x"\npin = ["{SECRET}"]'),
        ('port = "/dev/gate-barrier"', f'port = "/dev/x"\npin = "{SECRET}"\nchannels = 99'),
        ("[lanes.out.relay]\n", f'[lanes.out.relay]\npassword = "{SECRET}"\n'),
        ('[lanes.out.inputs]\nkind = "bits"', f'[lanes.out]\ninputs = {{ kind = "bit", token = "{SECRET}" }}'),
    ],
)
def test_a_mistake_beside_or_in_a_secret_does_not_show_it(tmp_path, old, new):
    assert old in GOOD
    with pytest.raises(SettingsError) as caught:
        loaded(write(tmp_path, GOOD.replace(old, new, 1)))
    shown = f"{caught.value} {[problem.as_json() for problem in caught.value.problems]}"
    assert SECRET not in shown
    assert "hunter2" not in shown


def test_a_secret_in_a_variable_or_credential_is_not_shown(tmp_path):
    path = write(tmp_path, GOOD)
    credentials = write(tmp_path, SECRET, "credentials/mqtt.pasword").parent
    with pytest.raises(SettingsError) as caught:
        loaded(path, {"GATE_MQTT__PASWORD": SECRET, "GATE_LANES__OUT__RELAY__PIN__X": SECRET}, credentials)
    assert SECRET not in str(caught.value)


def test_a_key_that_stands_in_two_files_does_not_show_its_value(tmp_path):
    text = GOOD.replace("version = 1", 'version = 1\ninclude = ["more.toml"]').replace(
        "[mqtt]", '[mqtt]\npassword = "x"'
    )
    write(tmp_path, f'[mqtt]\npassword = "{SECRET}"\n', "more.toml")
    with pytest.raises(SettingsError) as caught:
        loaded(write(tmp_path, text))
    assert "already set" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_loaded_settings_do_not_show_a_secret(tmp_path):
    text = GOOD.replace("[mqtt]", f'[mqtt]\nusername = "u"\npassword = "{SECRET}"')
    assert SECRET not in repr(loaded(write(tmp_path, text)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://admin:pa@ss@10.0.0.5/s", f"rtsp://admin:{MASK}@10.0.0.5/s"),
        ("at rtsp://u:p@h and mqtts://v:q@i", f"at rtsp://u:{MASK}@h and mqtts://v:{MASK}@i"),
        ("http://cam/snap?user=a&password=b&x=1", f"http://cam/snap?user=a&password={MASK}&x=1"),
        ("http://host:8080/a@b", "http://host:8080/a@b"),
        ("mail me@example", "mail me@example"),
        ("rtsp://:p@h", f"rtsp://:{MASK}@h"),
    ],
)
def test_the_password_of_an_address_is_masked_and_nothing_else(text, shown):
    assert masked_urls(text) == shown


@given(st.text("abcXYZ019!$&*+,;=:@%._~-", min_size=1, max_size=12), st.text("abc019", min_size=1, max_size=5))
def test_no_password_survives_in_an_address(password, host):
    shown = masked_urls(f"cannot open rtsp://operator:{password}@{host}/live: refused")
    assert shown == f"cannot open rtsp://operator:{MASK}@{host}/live: refused"


def test_named_secrets_are_masked_but_not_short_words():
    assert masked("token abcdef is wrong", ["abcdef", "is"]) == f"token {MASK} is wrong"


@pytest.mark.parametrize("name", ["password", "pasword", "PASSWD", "passphrase", "api_key", "client_secret", "token"])
def test_names_that_sound_like_a_secret_are_known(name):
    assert sounds_secret(name)


@pytest.mark.parametrize("name", ["anti_passback_s", "console.pass_reasons"])
def test_names_of_passing_sound_like_none(name):
    assert not sounds_secret(name)
