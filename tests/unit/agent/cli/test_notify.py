"""`gate-agent notify`: a test message to real peers, and a secret."""

from typer.testing import CliRunner

from agent.cli.notify import app
from agent.core.notices import webhook_key
from agent.service.credentials import hold_credentials
from tests.support.gate.config_files import ROOT_KEY
from tests.support.notifications.receivers import PASSWORD, SECRET, USER, MailServerPeer, WebhookServer
from tests.support.pki.certificates import Authority

GATE = """
version = 1
[gate]
id = "gate-7"
site = 7
[state]
directory = "{folder}"
[permits]
root_keys = ["{key}"]
[mqtt]
enabled = false
[lanes.out]
number = 1
direction = "export"
[lanes.out.relay]
kind = "simulated"
name = "notify"
"""


def run(folder, *arguments, more=""):
    path = folder / "gate.toml"
    path.write_text(GATE.format(folder=folder, key=ROOT_KEY) + more, encoding="utf-8")
    done = CliRunner().invoke(app, [*arguments, "--config", str(path)])
    assert SECRET not in done.output
    assert PASSWORD not in done.output
    return done


def test_root_sends_with_the_secrets_that_the_service_is_given(tmp_path, monkeypatch):
    store = tmp_path / "credstore"
    store.mkdir()
    (store / "gate-agent.webhook.secret").write_text(f"{SECRET}\n")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    hold_credentials(store)
    authority = Authority(tmp_path)
    try:
        with WebhookServer(authority).running() as webhook:
            done = run(tmp_path, "test", more=f'[webhook]\nurl = "{webhook.url()}"\nca_file = "{authority.ca}"\n')
    finally:
        hold_credentials(tmp_path / "none")
    assert (done.exit_code, done.output) == (0, "webhook  localhost  delivered\n")


def test_each_channel_gets_a_message_and_what_fails_is_told(tmp_path):
    authority = Authority(tmp_path)
    with WebhookServer(authority).running() as webhook, MailServerPeer(authority, login=True).running() as mail:
        more = f"""
[webhook]
url = "{webhook.url()}"
secret = "{SECRET}"
ca_file = "{authority.ca}"
[mail]
host = "localhost"
port = {mail.port}
username = "{USER}"
password = "{PASSWORD}"
sender = "gate@customs.example"
recipients = ["shift@customs.example"]
ca_file = "{authority.ca}"
"""
        done = run(tmp_path, "test", more=more)
        assert done.exit_code == 0, done.output
        assert done.output.splitlines() == [
            "webhook  localhost  delivered",
            f"mail  localhost:{mail.port}  delivered",
        ]
        assert len(webhook.requests) == len(mail.taken.mails) == 1
        webhook.answers.append((500, {}))
        done = run(tmp_path, "test", "--channel", "webhook", more=more)
        assert (done.exit_code, done.output) == (
            1,
            "webhook  localhost  not delivered: the receiver answers 500\n",
        )


def test_without_a_channel_it_says_what_to_fill_in(tmp_path):
    done = run(tmp_path, "test")
    assert done.exit_code == 1
    assert "[webhook] or [mail]" in done.output


def test_a_secret_is_one():
    done = CliRunner().invoke(app, ["secret"])
    assert len(webhook_key(done.output.strip())) == 32
