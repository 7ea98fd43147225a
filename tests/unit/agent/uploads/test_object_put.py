"""One PUT, to a real server that does what a bad store does."""

import hashlib
import socket
import ssl

import pytest

from agent.broker import TlsFiles, make_context
from agent.core.model.upload_fault import UploadFault
from agent.uploads import object_put as putting
from agent.uploads.object_put import Freight, PutError, PutStoppedError, put
from agent.uploads.presigned_url import SignedPlace
from tests.support.pki.certificates import Authority
from tests.support.uploads import object_store as store_does
from tests.support.uploads.object_store import ObjectStore
from tests.support.waiting import PATIENCE_S, scaled

CONTENT = bytes(range(256)) * 2000
FREIGHT = Freight(CONTENT, "image/jpeg")


@pytest.fixture
def store():
    with ObjectStore().running() as running:
        yield running


def place(store, name="a"):
    return SignedPlace.parse(store.url(name), [store.host])


def failure(store, fault, freight=FREIGHT, deadline_s=PATIENCE_S):
    store.faults.append(fault)
    with pytest.raises(PutError) as failed:
        put(place(store), None, freight, deadline_s)
    assert "s3cret" not in failed.value.detail
    return failed.value


@pytest.mark.parametrize("size", [0, 1, 16_384, 16_385, 512_000])
def test_the_bytes_arrive_whole(store, size):
    put(place(store), None, Freight(CONTENT[:size], "image/jpeg"), PATIENCE_S)
    assert store.taken("a") == CONTENT[:size]
    (head,) = store.requests
    assert head.startswith("PUT /gates/a?X-Amz-Expires=900&X-Amz-Signature=s3cret HTTP/1.1")
    assert f"Host: {store.host}" in head
    assert "Content-Type: image/jpeg" in head


@pytest.mark.parametrize(
    ("fault", "code", "again"),
    [
        (store_does.refusing(403, "AccessDenied"), UploadFault.REFUSED, False),
        (store_does.refusing(400), UploadFault.REFUSED, False),
        (store_does.refusing(429), UploadFault.REFUSED, True),
        (store_does.refusing(500), UploadFault.FAILED, True),
        (store_does.refusing(503, "SlowDown"), UploadFault.FAILED, True),
        (store_does.keeping_half, UploadFault.DIGEST_WRONG, True),
        (store_does.talking_nonsense, UploadFault.ANSWER_INVALID, True),
        (store_does.giving_no_etag, UploadFault.ANSWER_INVALID, True),
        (store_does.endless_head, UploadFault.ANSWER_INVALID, True),
    ],
)
def test_what_a_bad_store_says_has_a_code(store, fault, code, again):
    failed = failure(store, fault)
    assert (failed.code, failed.again) == (code, again)


def test_the_stores_own_code_is_told(store):
    assert failure(store, store_does.refusing(403, "RequestTimeTooSkewed")).detail == (
        "the store answers 403 RequestTimeTooSkewed"
    )


def test_a_redirect_is_not_followed(store):
    with ObjectStore().running() as other:
        failed = failure(store, store_does.redirecting(other.url("a")))
        assert (failed.code, failed.again) == (UploadFault.REDIRECTED, False)
        assert other.requests == []


def test_a_refusal_in_the_middle_is_heard(store):
    large = Freight(CONTENT * 40, "application/zip")
    failed = failure(store, store_does.refusing_early, large)
    assert failed.code in {UploadFault.REFUSED, UploadFault.UNREACHABLE}


def test_a_success_before_all_of_it_was_sent_is_no_success(store):
    failed = failure(store, store_does.lying_early, Freight(CONTENT * 40, "application/zip"))
    assert (failed.code, failed.again) == (UploadFault.ANSWER_INVALID, True)


def test_an_etag_that_is_no_digest_proves_nothing(store):
    store.faults.append(store_does.with_own_etag)
    put(place(store), None, FREIGHT, PATIENCE_S)
    assert store.taken("a") == CONTENT


def test_a_store_that_hangs_up_is_not_reached(store):
    assert failure(store, store_does.hanging_up).code in {UploadFault.UNREACHABLE, UploadFault.ANSWER_INVALID}


def test_a_store_that_says_nothing_is_left_at_the_deadline(store):
    assert failure(store, store_does.silent, deadline_s=0.2).code is UploadFault.TIMED_OUT


def test_a_stop_is_heard_while_a_store_says_nothing(store, monkeypatch):
    monkeypatch.setattr(putting, "STEP_S", 0.02)
    store.faults.append(store_does.silent)
    asked = []
    with pytest.raises(PutStoppedError):
        put(place(store), None, FREIGHT, PATIENCE_S, lambda: asked.append(1) or len(asked) < 50)


def test_where_nobody_listens_it_is_not_reached():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(PutError) as failed:
        put(SignedPlace.parse(f"http://{host}/a", [host]), None, FREIGHT, scaled(5))
    assert (failed.value.code, failed.value.again) == (UploadFault.UNREACHABLE, True)


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def server_context(authority, tmp_path, name="127.0.0.1"):
    certificate, key = authority.issue(name, hosts=[name])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def test_over_tls_the_store_proves_itself(authority, tmp_path):
    with ObjectStore(server_context(authority, tmp_path)).running() as store:
        put(place(store), make_context(TlsFiles(authority.ca)), FREIGHT, PATIENCE_S)
        assert hashlib.sha256(store.taken("a")).digest() == hashlib.sha256(CONTENT).digest()
        with pytest.raises(PutError) as failed:
            put(place(store), make_context(TlsFiles()), FREIGHT, PATIENCE_S)
        assert (failed.value.code, failed.value.again) == (UploadFault.TLS, True)
        assert len(store.requests) == 1


def test_a_place_over_tls_needs_a_context(store):
    with pytest.raises(ValueError, match="needs a context"):
        put(place(store), make_context(TlsFiles()), FREIGHT, 1)
