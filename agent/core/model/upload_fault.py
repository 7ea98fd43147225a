"""Why an upload to the object store failed."""

from enum import StrEnum


class UploadFault(StrEnum):
    """What is wrong with a place, or with what was said there.

    HOST_NOT_ALLOWED: the gate sends nothing to that host. URL_INVALID: no place that a gate may write to. EXPIRED: its
    time was over. UNREACHABLE: no connection. TLS: the store could not prove itself. TIMED_OUT: it took too long.
    REFUSED: an answer of 400 to 499. FAILED: one of 500 on. REDIRECTED: it names another place, where nothing is sent.
    ANSWER_INVALID: no HTTP, too much of it, a success before it had all, or one without an ETag. DIGEST_WRONG: it says
    that it has other bytes. TOO_LARGE: more than the gate sends. TOO_MANY: the gate holds enough places. UNKNOWN:
    nothing of this name is kept.
    """

    HOST_NOT_ALLOWED = "host_not_allowed"
    URL_INVALID = "url_invalid"
    EXPIRED = "expired"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TIMED_OUT = "timed_out"
    REFUSED = "refused"
    FAILED = "failed"
    REDIRECTED = "redirected"
    ANSWER_INVALID = "answer_invalid"
    DIGEST_WRONG = "digest_wrong"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    UNKNOWN = "unknown"
