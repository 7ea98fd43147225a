"""Why an upload to the object store failed."""

from enum import StrEnum


class UploadFault(StrEnum):
    """Why the gate cannot use a URL, or why an upload failed.

    HOST_NOT_ALLOWED: the gate may not send to that host. URL_INVALID: a gate may not write to such a URL. EXPIRED: the
    time of the URL was over. UNREACHABLE: no connection. TLS: the store could not prove its identity. TIMED_OUT: the
    upload took too long. REFUSED: the store answered 400 to 499. FAILED: the store answered 500 or above. REDIRECTED:
    the store named another URL; the gate sends nothing there. ANSWER_INVALID: the answer is not HTTP, is too long,
    reports success before the store had all bytes, or has no ETag. DIGEST_WRONG: the store reports other bytes.
    TOO_LARGE: more bytes than the gate sends. TOO_MANY: the gate has enough URLs. UNKNOWN: the gate keeps nothing with
    this digest.
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
