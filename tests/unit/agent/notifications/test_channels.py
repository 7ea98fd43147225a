"""A webhook and a mail, to real peers: those that work, and those that hang, lie and refuse."""

import email
import json
import time
from email.policy import default

import pytest

from agent.core.notices import webhook_key, webhook_signature
from agent.i18n import Language
from agent.notifications import (
    DeliveryError,
    MailChannel,
    MailServer,
    WebhookChannel,
    WebhookReceiver,
)
from agent.notifications import (
    test_message as made_test,
)
from tests.support.notifications import receivers
from tests.support.notifications.receivers import PASSWORD, SECRET, USER, MailServerPeer, WebhookServer, peer_that
from tests.support.pki.certificates import LONG_AGO, Authority
from tests.support.waiting import PATIENCE_S, scaled

UTC = 1_795_000_000.0
MESSAGE = made_test("ntc_1", "khorgos-01", UTC, Language.RU)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def server(authority):
    with WebhookServer(authority).running() as running:
        yield running


def webhook(server, authority, **more):
    return WebhookChannel(WebhookReceiver(server.url(), SECRET, authority.ca, PATIENCE_S, **more))


def mail(port, *, security="starttls", ca=None, timeout_s=PATIENCE_S, recipients=("shift@customs.example",), **more):
    server = MailServer(
        "localhost", port, security, "gate@customs.example", recipients, ca_file=ca, timeout_s=timeout_s, **more
    )
    return MailChannel(server)


def refusal(channel):
    with pytest.raises(DeliveryError) as refused:
        channel.send(MESSAGE, UTC)
    assert SECRET not in str(refused.value)
    assert PASSWORD not in str(refused.value)
    return refused.value


# ---------------------------------------------------------------------------------------------------------- the webhook


def test_a_message_arrives_signed_and_with_its_id(server, authority):
    webhook(server, authority).send(MESSAGE, UTC)
    ((path, headers, body),) = server.requests
    assert path == "/gate?key=1"
    assert headers["webhook-id"] == "ntc_1"
    assert headers["Idempotency-Key"] == '"ntc_1"'
    assert headers["webhook-signature"] == webhook_signature(
        webhook_key(SECRET), "ntc_1", int(headers["webhook-timestamp"]), body
    )
    assert json.loads(body)["data"]["gate"] == "khorgos-01"


@pytest.mark.parametrize(
    ("answer", "words", "for_good", "after_s"),
    [
        ((500, {}), "answers 500", False, 0),
        ((429, {"Retry-After": "30"}), "answers 429", False, 30),
        ((503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), "answers 503", False, 0),
        ((404, {}), "answers 404", False, 0),
        ((410, {}), "no longer takes messages", True, 0),
    ],
)
def test_an_answer_that_is_no_success_is_told(server, authority, answer, words, for_good, after_s):
    server.answers.append(answer)
    refused = refusal(webhook(server, authority))
    assert words in refused.detail
    assert (refused.for_good, refused.after_s) == (for_good, after_s)


def test_a_redirect_is_not_followed(server, authority):
    with WebhookServer(authority).running() as other:
        server.answers.append((307, {"Location": other.url()}))
        assert "names another address" in refusal(webhook(server, authority)).detail
        assert other.requests == []


def test_a_receiver_that_nobody_vouches_for_gets_nothing(server, tmp_path):
    stranger = Authority(tmp_path, "stranger")
    assert "certificate is not valid" in refusal(webhook(server, stranger)).detail
    assert server.requests == []


def test_a_receiver_that_hangs_is_left_in_time():
    with peer_that(receivers.silent) as port:
        began_at = time.monotonic()
        channel = WebhookChannel(WebhookReceiver(f"https://localhost:{port}/", SECRET, None, 0.2))
        assert "no complete answer within 0.2 s" in refusal(channel).detail
        assert time.monotonic() - began_at < scaled(5)


# ----------------------------------------------------------------------------------------------------------------- mail


def read(content):
    return email.message_from_bytes(content, policy=default)


def test_a_mail_arrives_over_starttls_after_a_login_in_the_chosen_language(authority):
    with MailServerPeer(authority, login=True).running() as peer:
        mail(peer.port, ca=authority.ca, username=USER, password=PASSWORD).send(MESSAGE, UTC)
        ((encrypted, sender, recipients, content),) = peer.taken.mails
    assert encrypted
    assert (sender, recipients) == ("gate@customs.example", ("shift@customs.example",))
    got = read(content)
    assert got["Subject"] == MESSAGE.subject
    assert MESSAGE.text.strip() in got.get_content()
    assert got["Message-ID"] == "<ntc_1@customs.example>"
    assert got["Auto-Submitted"] == "auto-generated"


def test_a_mail_arrives_over_tls_from_the_first_byte(authority):
    with MailServerPeer(authority, implicit=True).running() as peer:
        mail(peer.port, security="tls", ca=authority.ca).send(MESSAGE, UTC)
        assert len(peer.taken.mails) == 1


def test_a_mail_arrives_in_the_clear_where_that_is_wanted():
    with MailServerPeer().running() as peer:
        mail(peer.port, security="none").send(MESSAGE, UTC)
        assert len(peer.taken.mails) == 1


def test_a_server_without_starttls_gets_no_mail_and_no_password():
    with MailServerPeer().running() as peer:
        refused = refusal(mail(peer.port, username=USER, password=PASSWORD))
        assert "does not offer" in refused.detail
        assert peer.taken.mails == []


def test_a_wrong_password_is_told(authority):
    with MailServerPeer(authority, login=True).running() as peer:
        refused = refusal(mail(peer.port, ca=authority.ca, username=USER, password=USER))
    assert "mail.password" in refused.detail


def test_a_server_with_a_wrong_certificate_gets_nothing(authority, tmp_path):
    stranger = Authority(tmp_path, "stranger")
    with MailServerPeer(authority).running() as peer:
        assert "certificate of the mail server is not valid" in refusal(mail(peer.port, ca=stranger.ca)).detail
        assert peer.taken.mails == []


def test_an_expired_certificate_is_told(tmp_path, monkeypatch):
    authority = Authority(tmp_path)
    issue = authority.issue
    after = LONG_AGO.replace(year=2021)
    monkeypatch.setattr(authority, "issue", lambda *names, **more: issue(*names, **more, not_after=after))
    with MailServerPeer(authority, implicit=True).running() as peer:
        assert "expired" in refusal(mail(peer.port, security="tls", ca=authority.ca)).detail


def test_who_is_refused_is_named_and_the_others_get_it(authority):
    with MailServerPeer(authority).running() as peer:
        peer.taken.refused.add("gone@customs.example")
        both = ("gone@customs.example", "shift@customs.example")
        refused = refusal(mail(peer.port, ca=authority.ca, recipients=both))
        assert refused.for_good  # Another attempt would bring it twice to the others.
        assert "gone@customs.example" in refused.detail
        assert [recipients for _tls, _sender, recipients, _content in peer.taken.mails] == [("shift@customs.example",)]


@pytest.mark.parametrize("does", [receivers.silent, receivers.dripping, receivers.rambling, receivers.stalling])
def test_a_server_that_stalls_is_left_in_time(does):
    with peer_that(does) as port:
        began_at = time.monotonic()
        refused = refusal(mail(port, security="none", timeout_s=0.3))
        assert refused.detail == "the mail server did not finish within 0.3 s"
        assert time.monotonic() - began_at < scaled(5)


@pytest.mark.parametrize(
    ("does", "words"),
    [(receivers.babbling, "not SMTP"), (lambda sock, _ended: sock.close(), "ended the connection")],
)
def test_a_server_that_is_none_is_told(does, words):
    with peer_that(does) as port:
        assert words in refusal(mail(port, security="none")).detail


def test_where_nobody_listens_it_is_not_reached():
    with peer_that(receivers.silent) as port:
        pass
    assert "cannot be reached" in refusal(mail(port)).detail
