"""An object store that others wrote takes what the gate puts by a presigned URL, and refuses one that is over.

It knows keys and times; it works out no signature of version 4.
"""

import http.client
import subprocess

import pytest

from agent.clock.clock import Clock
from agent.core.model.upload_fault import UploadFault
from agent.uploads.object_put import Freight, PutError, put
from agent.uploads.presigned_url import SignedPlace
from tests.support.mqtt.peers_node import peer
from tests.support.uploads.presigned import presigned
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.long
KEY, SECRET = "S3RVER", "S3RVER"  # what the store knows from the start
FREIGHT = Freight(bytes(range(256)) * 1000, "image/jpeg")


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    folder = peer("s3rver")
    command = ["node", "serve.mjs", str(tmp_path_factory.mktemp("store"))]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        yield f"127.0.0.1:{int(process.stdout.readline())}"
        process.terminate()


def url(host, name, **changes):
    given = {"key": KEY, "secret": SECRET, "utc": Clock().now().utc} | changes
    return presigned(host, f"/gates/{name}", **given)


def sent(host, url):
    put(SignedPlace.parse(url, [host]), None, FREIGHT, PATIENCE_S)


def kept(host, name):
    connection = http.client.HTTPConnection(host, timeout=PATIENCE_S)
    connection.request("GET", url(host, name, method="GET").partition(host)[2])
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def test_a_picture_arrives_whole_by_a_presigned_url(host):
    sent(host, url(host, "a.jpg"))
    assert kept(host, "a.jpg") == (200, FREIGHT.content)
    sent(host, url(host, "a.jpg"))


@pytest.mark.parametrize(
    ("name", "changes"),
    [("b.jpg", {"key": "nobody"}), ("c.jpg", {"utc": 1_700_000_000})],
    ids=["an unknown key", "over"],
)
def test_a_url_that_does_not_hold_is_refused_with_the_stores_code(host, name, changes):
    with pytest.raises(PutError) as failed:
        sent(host, url(host, name, **changes))
    assert (failed.value.code, failed.value.again) == (UploadFault.REFUSED, False)
    assert failed.value.detail.startswith("the store answers 403 ")
    assert kept(host, name)[0] == 404


def test_a_bucket_that_there_is_not_is_told_by_the_stores_code(host):
    with pytest.raises(PutError) as failed:
        sent(host, url(host, "x").replace("/gates/", "/nowhere/"))
    assert failed.value.detail == "the store answers 404 NoSuchBucket"
