"""The sections [notifications], [webhook] and [mail]: what is refused, with its place, and what is only warned of."""

from __future__ import annotations

import pytest

from agent.notifications import channels_of
from agent.settings import SettingsError
from tests.support.gate.config_files import GOOD, loaded, write
from tests.support.notifications.receivers import SECRET

WHOLE = 'host = "mail.example"\nsender = "gate@customs.example"\nrecipients = ["shift@customs.example"]\n'


@pytest.mark.parametrize(
    ("section", "lines", "message"),
    [
        ("webhook", 'url = "http://alarms.example/"', "webhook.url: expected an address such as"),
        ("webhook", f'secret = "{SECRET}"', "webhook.secret: needs webhook.url beside it"),
        ("webhook", 'url = "https://a.example/"\nsecret = "s3cret"', "webhook.secret: expected whsec_"),
        ("webhook", 'ca_file = "none.pem"', "none.pem cannot be read: No such file"),
        ("webhook", 'quiet_hours = ["22-6"]', "webhook.quiet_hours[0]: expected local times"),
        ("webhook", 'kinds = ["alarms"]', 'webhook.kinds[0]: expected one of "alarm"'),
        ("mail", 'host = "mail.example"', "mail.host: needs mail.sender beside it"),
        ("mail", 'sender = "gate"', "mail.sender: expected a mail address"),
        ("mail", 'recipients = ["a@b.example", "a@b.example"]', "mail.recipients[1]: this address is listed twice"),
        ("mail", 'password = "s3cret"', "mail.password: needs mail.username beside it"),
        ("mail", 'security = "ssl"', 'mail.security: expected one of "starttls", "tls", "none"'),
        (
            "mail",
            WHOLE + 'security = "none"\nusername = "gate"\npassword = "s3cret"',
            "mail.security: sends the password unencrypted",
        ),
        ("notifications", 'language = "de"', "notifications.language: expected one of"),
        ("notifications", "most_an_hour = 0", "notifications.most_an_hour: expected a whole number from 1 to 3600"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(tmp_path, section, lines, message):
    with pytest.raises(SettingsError) as caught:
        loaded(write(tmp_path, f"{GOOD}\n[{section}]\n{lines}\n"))
    said = [str(problem) for problem in caught.value.problems]
    assert any(message in one for one in said), said
    assert all("s3cret" not in one and SECRET not in one for one in said)


@pytest.mark.parametrize(
    ("section", "lines", "message"),
    [
        ("webhook", 'url = "https://alarms.example/"', "webhook.url: needs webhook.secret beside it"),
        ("mail", WHOLE + 'username = "gate"', "mail.username: needs mail.password beside it"),
    ],
)
def test_a_secret_that_only_the_service_may_know_is_missed_with_a_warning(tmp_path, section, lines, message):
    found = loaded(write(tmp_path, f"{GOOD}\n[{section}]\n{lines}\n"))
    assert any(message in str(one) for one in found.warnings)
    assert channels_of(found.settings) == ()


def test_mail_in_the_clear_is_only_warned_of(tmp_path):
    found = loaded(write(tmp_path, f'{GOOD}\n[mail]\n{WHOLE}security = "none"\n'))
    assert any("sends mail unencrypted" in str(one) for one in found.warnings)


def test_mail_to_this_computer_may_be_in_the_clear(tmp_path):
    here = WHOLE.replace("mail.example", "localhost", 1)
    found = loaded(write(tmp_path, f'{GOOD}\n[mail]\n{here}security = "none"\n'))
    assert all("mail" not in str(one) for one in found.warnings)
