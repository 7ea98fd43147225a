from datetime import UTC, datetime, timedelta

from agent.core.model import ExpiryKind
from agent.enrolment import Expiry, ExpiryFile, ExpiryTable
from tests.support.lists.lists import LISTS_KEY, trusted
from tests.support.pki.certificates import FAR_AHEAD, LONG_AGO, Authority

ENDS = datetime(2027, 5, 1, tzinfo=UTC)
BEGINS = ENDS - timedelta(days=90)


def test_every_date_is_told_certificates_first(tmp_path):
    authority = Authority(tmp_path)
    certificate, _ = authority.issue("gate-7", not_before=BEGINS, not_after=ENDS)
    files = (
        ExpiryFile(ExpiryKind.CERTIFICATE, "mqtt", certificate, own=True, renewed=True),
        ExpiryFile(ExpiryKind.AUTHORITY, "mqtt", authority.ca, own=False),
        ExpiryFile(ExpiryKind.CERTIFICATE, "site", tmp_path / "none.pem", own=True, renewed=True),
    )
    trust = trusted()
    own, ca, missing, listed, key = ExpiryTable(files, lambda: trust, lambda: {"mqtt": "refused"}).now()
    assert (own.kind, own.subject, own.ends_utc, own.trouble) == ("certificate", "mqtt", ENDS.timestamp(), "refused")
    assert BEGINS + timedelta(days=60) <= datetime.fromtimestamp(own.renews_utc, UTC) <= BEGINS + timedelta(days=65)
    assert ca == Expiry(ExpiryKind.AUTHORITY, "mqtt", FAR_AHEAD.timestamp())
    assert missing == Expiry(ExpiryKind.CERTIFICATE, "site", None)
    assert listed == Expiry(ExpiryKind.TRUST_LIST, "trust_list", trust.expires_at)
    assert key == Expiry(ExpiryKind.ISSUER_KEY, LISTS_KEY.public.key_id.hex(), trust.entries[0].not_after)


def test_of_a_chain_the_authority_that_ends_first_counts_and_of_ones_own_the_first(tmp_path):
    authority = Authority(tmp_path)
    certificate, _ = authority.issue("gate-7", not_before=LONG_AGO, not_after=ENDS)
    both = tmp_path / "both.pem"
    both.write_bytes(authority.ca.read_bytes() + certificate.read_bytes())
    for own, ends in ((False, ENDS), (True, FAR_AHEAD)):
        (found,) = ExpiryTable((ExpiryFile(ExpiryKind.AUTHORITY, "mqtt", both, own=own),), lambda: None).now()
        assert found.ends_utc == ends.timestamp()


def test_a_file_that_was_renewed_is_read_again(tmp_path):
    authority = Authority(tmp_path)
    certificate, _ = authority.issue("gate-7", not_after=ENDS)
    table = ExpiryTable((ExpiryFile(ExpiryKind.CERTIFICATE, "mqtt", certificate, own=True),), lambda: None)
    assert table.now()[0].ends_utc == ENDS.timestamp()
    fresh, _ = authority.issue("gate-7", file="fresh", not_after=ENDS + timedelta(days=9))
    fresh.replace(certificate)
    assert table.now()[0].ends_utc == (ENDS + timedelta(days=9)).timestamp()
