"""A gate among the others of its site, put together from settings; and one whose key they do not know."""

import queue

import pytest

from agent.core.crypto.keys import SigningKey
from agent.core.site import ClaimCode, ClaimRequest, Membership
from agent.site.own_state_at_peers import NOTHING_LOST
from agent.site.service import SiteService
from agent.site.site_factory import WrongGateKeyError, site_service
from agent.site.standalone import StandaloneSite
from agent.store.errors import JournalFullError
from tests.support.gate.config_files import GOOD, loaded, write
from tests.support.store.journals import open_journal
from tests.support.waiting import PATIENCE_S

KEY, OTHER, NEIGHBOUR = (SigningKey.from_seed(seed * 32) for seed in (b"o", b"p", b"q"))
SITE = next(int(line.split()[-1]) for line in GOOD.splitlines() if line.startswith("site ="))
OWN = next(line.split('"')[1] for line in GOOD.splitlines() if line.startswith("id ="))


@pytest.fixture
def journal(tmp_path):
    opened = open_journal(tmp_path / "journal.db")
    yield opened
    opened.close()


@pytest.fixture
def made(tmp_path, journal):

    def make(*gates, policy="home_gate", new_key=False):
        listed = "\n".join(
            f'[[site.gates]]\nid = "{name}"\npublic_key = "{key.public.raw.hex()}"' for name, key in gates
        )
        site = f'[site]\nbrokers = ["mqtt://localhost"]\npartition_policy = "{policy}"\n'
        broker = site if len(gates) > 1 else ""
        settings = loaded(write(tmp_path, f"{GOOD}\n{broker}{listed}\n")).settings
        return site_service(settings, KEY, journal, lambda _view: None, NOTHING_LOST, new_key=new_key)

    return make


def test_a_gate_alone_asks_nobody(made):
    assert isinstance(made(), StandaloneSite)
    assert isinstance(made((OWN, KEY)), StandaloneSite)


def test_a_gate_among_others_has_a_service_that_reports_its_state(made):
    service = made((OWN, KEY), ("another", OTHER))
    assert isinstance(service, SiteService)
    status = service.status()
    assert (status["policy"], list(status["peers"])) == ("home_gate", ["another"])


def test_a_gate_that_the_site_knows_by_another_key_says_which_is_its_own(made):
    with pytest.raises(WrongGateKeyError) as told:
        made((OWN, OTHER), ("another", KEY))
    assert KEY.public.raw.hex() in str(told.value)
    assert "every gate of the site" in str(told.value)


def claimed(service, vehicle):
    """The answer to a claim that is made while nobody can be asked."""
    service.start()
    try:
        answers = queue.SimpleQueue()
        request = ClaimRequest(bytes(8), vehicle, "export", 1, "t1", 0)
        return service.claim(request, answers.put) or answers.get(timeout=PATIENCE_S)
    finally:
        service.stop()


APART = ((OWN, OTHER), ("another", NEIGHBOUR))


def membership():
    return Membership(SITE, OWN, {name: key.public for name, key in APART})


def vehicle_of(gate):
    """A vehicle whose permits this gate grants."""
    return next(vin for vin in map(str, range(100)) if membership().home(vin) == gate)


@pytest.mark.parametrize(
    ("policy", "home", "code"),
    [
        ("home_gate", OWN, ClaimCode.GRANTED),
        ("home_gate", "another", ClaimCode.LEDGER_UNREACHABLE),
        ("deny", OWN, ClaimCode.LEDGER_UNREACHABLE),
        ("deny", "another", ClaimCode.LEDGER_UNREACHABLE),
        ("allow_and_flag", OWN, ClaimCode.GRANTED),
        ("allow_and_flag", "another", ClaimCode.FLAGGED),
    ],
)
def test_a_gate_whose_key_is_new_never_connects_and_does_what_the_policy_says_of_a_line_that_is_cut(
    made, journal, policy, home, code
):
    for name in (f"roll:{membership().digest}", "another"):
        journal.site.mark_synced(name, "a stream", 0)  # it knew all before it lost its key
    service = made(*APART, policy=policy, new_key=True)
    answer = claimed(service, vehicle_of(home))
    assert answer.code is code
    if code is ClaimCode.LEDGER_UNREACHABLE:
        assert "do not know this gate's new key" in answer.detail
    status = service.status()
    assert not status["connected"]
    assert KEY.public.raw.hex() in status["detail"]
    assert not any("link" in worker.name for worker in service.workers)


def test_it_stays_apart_over_restarts_until_the_settings_name_its_key(made):
    made(*APART, new_key=True)
    assert "new key" in made(*APART).status()["detail"]
    knows = made((OWN, KEY), ("another", NEIGHBOUR))
    assert not knows.status()["detail"]
    with pytest.raises(WrongGateKeyError):
        made(*APART)


def test_that_the_disk_is_full_keeps_it_apart_too(made, journal, mocker):
    mocker.patch.object(journal, "keep", side_effect=JournalFullError("full"))
    assert "new key" in made(*APART, new_key=True).status()["detail"]
