"""Presigned URLs as central makes them: AWS Signature Version 4 in the query string."""

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

REGION, SERVICE = "us-east-1", "s3"


def presigned(host, path, key, secret, *, utc, method="PUT", expires_s=900, scheme="http"):
    """The URL by which somebody without the secret may do one thing for so long."""
    moment = datetime.fromtimestamp(utc, UTC)
    day, stamp = moment.strftime("%Y%m%d"), moment.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{day}/{REGION}/{SERVICE}/aws4_request"
    query = urlencode(
        {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{key}/{scope}",
            "X-Amz-Date": stamp,
            "X-Amz-Expires": str(expires_s),
            "X-Amz-SignedHeaders": "host",
        },
        quote_via=quote,
    )
    request = "\n".join([method, quote(path), query, f"host:{host}", "", "host", "UNSIGNED-PAYLOAD"])
    said = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    signing = f"AWS4{secret}".encode()
    for part in (day, REGION, SERVICE, "aws4_request"):
        signing = _mac(signing, part)
    return f"{scheme}://{host}{quote(path)}?{query}&X-Amz-Signature={_mac(signing, said).hex()}"


def _mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
