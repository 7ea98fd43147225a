"""Packages fetched from a folder and over HTTPS: resumed, bounded, and never taken unproven."""

import http.server
import ssl
import threading
from contextlib import contextmanager
from urllib.parse import unquote

import pytest

from agent.core.fleet import DocumentFault, DocumentRefusedError
from agent.core.software import chosen_package, parsed_order
from agent.software import fetching
from agent.software.fetching import Fetching, FetchStoppedError
from agent.software.repository_source import RepositorySource, SourceError
from tests.support.pki.certificates import Authority
from tests.support.software.updates import NEW, OLD_PACKAGE
from tests.support.waiting import PATIENCE_S


@pytest.fixture
def chosen(machine):
    return chosen_package(parsed_order(machine.releases.text()), machine.machine(OLD_PACKAGE))


@pytest.fixture
def folder_source(releases):
    return RepositorySource(releases.repositories[NEW].as_uri())


def fetcher(tmp_path, releases, *sources, rate=1e9, pause=lambda _: False):
    return Fetching(tmp_path / "spool", sources, rate, pause, releases.keyring)


def test_a_package_comes_from_a_stick_with_the_lists_that_vouch_for_it(tmp_path, releases, folder_source, chosen):
    files = fetcher(tmp_path, releases, folder_source).fetch(chosen)
    assert [path.read_bytes() for path in files] == [path.read_bytes() for path in releases.files()]
    assert {path.name for path in files} == {f"{chosen.sha256}.deb", "Release", "Release.gpg", "Packages"}


def test_of_several_repositories_the_first_that_has_it_counts(tmp_path, releases, folder_source, chosen):
    gone = RepositorySource((tmp_path / "no-stick").as_uri())
    assert fetcher(tmp_path, releases, gone, folder_source).fetch(chosen)
    with pytest.raises(SourceError, match="no-stick"):
        fetcher(tmp_path, releases, gone).fetch(chosen)
    with pytest.raises(DocumentRefusedError) as refused:
        fetcher(tmp_path, releases).fetch(chosen)
    assert refused.value.fault is DocumentFault.NOT_FETCHED


def test_what_is_cut_off_goes_on_where_it_was(tmp_path, releases, folder_source, chosen, monkeypatch):
    monkeypatch.setattr(fetching, "PART_BYTES", 100)
    calls = iter([False, False, True])
    with pytest.raises(FetchStoppedError):
        fetcher(tmp_path, releases, folder_source, pause=lambda _: next(calls)).fetch(chosen)
    part = tmp_path / "spool" / f"{chosen.sha256}.part"
    here = part.stat().st_size
    assert 0 < here < chosen.bytes
    begins = []
    opened = RepositorySource.opened
    monkeypatch.setattr(
        RepositorySource, "opened", lambda self, path, begin=0: begins.append(begin) or opened(self, path, begin)
    )
    assert fetcher(tmp_path, releases, folder_source).fetch(chosen)[0].stat().st_size == chosen.bytes
    assert begins[-1] == here


def test_it_is_no_faster_than_its_rate(tmp_path, releases, folder_source, chosen):
    waits = []
    fetcher(tmp_path, releases, folder_source, rate=10.0, pause=lambda s: waits.append(s) or False).fetch(chosen)
    assert waits[-1] == pytest.approx(chosen.bytes / 10.0, rel=0.2)


def test_what_lies_there_of_another_order_goes(tmp_path, releases, folder_source, chosen):
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "other.deb").write_bytes(b"x")
    one = fetcher(tmp_path, releases, folder_source)
    one.fetch(chosen)
    assert not (spool / "other.deb").exists()
    one.clear()
    assert not spool.exists()


def test_a_part_that_was_spoilt_is_fetched_from_the_beginning(tmp_path, releases, folder_source, chosen):
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / f"{chosen.sha256}.part").write_bytes(b"\0" * (chosen.bytes // 2))
    one = fetcher(tmp_path, releases, folder_source)
    with pytest.raises(DocumentRefusedError) as refused:
        one.fetch(chosen)
    assert refused.value.fault is DocumentFault.NOT_AUTHENTIC
    assert one.fetch(chosen)[0].exists()


def test_without_room_nothing_is_begun(tmp_path, releases, folder_source, chosen, monkeypatch):
    monkeypatch.setattr(fetching, "ROOM_BYTES", 1 << 60)
    with pytest.raises(DocumentRefusedError) as refused:
        fetcher(tmp_path, releases, folder_source).fetch(chosen)
    assert refused.value.fault is DocumentFault.NO_ROOM


# ----------------------------------------------------------------------------------------------------------- over HTTPS


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves a repository, with parts where its server knows them."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        server.asked.append((self.path, self.headers.get("Range")))
        if server.answer is not None:
            self.send_response(server.answer)
            self.send_header("Location", "https://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data, begin = (server.root / unquote(self.path).removeprefix("/releases/")).read_bytes(), 0
        if server.ranges and (wanted := self.headers.get("Range")):
            begin = int(wanted.removeprefix("bytes=").rstrip("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        body = data[begin:] + b"\0" * server.more
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: server.cut])

    def log_message(self, *_):
        pass


@contextmanager
def https(tmp_path, root):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("server", hosts=["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.root, server.asked, server.answer = root, [], None
        server.ranges, server.more, server.cut = True, 0, None
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        server.url = f"https://127.0.0.1:{server.server_port}/releases"
        server.ca = authority.ca
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(PATIENCE_S)


@pytest.fixture
def server(tmp_path, releases):
    with https(tmp_path, releases.repositories[NEW]) as server:
        server.source = RepositorySource(server.url, server.ca)
        yield server


def asked_for_package(server):
    return [wanted for path, wanted in server.asked if path.endswith(".deb")]


def test_over_https_it_is_the_same_and_goes_on_where_it_was(tmp_path, releases, chosen, server):
    one = fetcher(tmp_path, releases, server.source)
    server.cut = 500  # the lists are longer than that, too
    with pytest.raises((SourceError, DocumentRefusedError)):
        one.fetch(chosen)
    server.cut = None
    spool = tmp_path / "spool"
    (spool / f"{chosen.sha256}.part").write_bytes(releases.package().read_bytes()[:100])
    files = one.fetch(chosen)
    assert files[0].read_bytes() == releases.package().read_bytes()
    assert asked_for_package(server) == ["bytes=100-"]


def test_a_server_that_knows_no_parts_gives_it_from_the_beginning(tmp_path, releases, chosen, server):
    server.ranges = False
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / f"{chosen.sha256}.part").write_bytes(b"\0" * 100)
    assert fetcher(tmp_path, releases, server.source).fetch(chosen)[0].exists()


def test_more_than_was_ordered_is_not_read(tmp_path, releases, chosen, server):
    fetcher(tmp_path, releases, server.source).fetch(chosen)
    (tmp_path / "spool" / f"{chosen.sha256}.deb").unlink()
    original = Fetching._fetch_list
    server.more = 1 << 20
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Fetching, "_fetch_list", lambda *_: None)
        found = fetcher(tmp_path, releases, server.source).fetch(chosen)[0]
    assert original is Fetching._fetch_list
    assert found.stat().st_size == chosen.bytes


@pytest.mark.parametrize("status", [301, 302, 404, 416, 500])
def test_no_redirect_is_followed_and_no_other_answer_is_taken(tmp_path, releases, chosen, server, status):
    server.answer = status
    with pytest.raises(SourceError, match=str(status)):
        fetcher(tmp_path, releases, server.source).fetch(chosen)
    assert len(server.asked) == 1


def test_a_server_that_does_not_prove_itself_is_asked_for_nothing(tmp_path, releases, chosen, server):
    with pytest.raises(SourceError):
        fetcher(tmp_path, releases, RepositorySource(server.url)).fetch(chosen)
    assert server.asked == []
