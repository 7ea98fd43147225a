"""A gate among the others of its site, put together from settings."""

import pytest

from agent.core.crypto.keys import SigningKey
from agent.site.own_state import NOTHING_LOST
from agent.site.service import SiteService
from agent.site.setup import WrongGateKeyError, site_service
from agent.site.standalone import StandaloneSite
from tests.support.gate.config_files import GOOD, loaded, write
from tests.support.store.journals import open_journal

KEY, OTHER = (SigningKey.from_seed(seed * 32) for seed in (b"o", b"p"))
OWN = next(line.split('"')[1] for line in GOOD.splitlines() if line.startswith("id ="))


@pytest.fixture
def made(tmp_path):
    journal = open_journal(tmp_path / "journal.db")

    def make(*gates):
        listed = "\n".join(
            f'[[site.gates]]\nid = "{name}"\npublic_key = "{key.public.raw.hex()}"' for name, key in gates
        )
        broker = '[site]\nbrokers = ["mqtt://localhost"]\n' if len(gates) > 1 else ""
        settings = loaded(write(tmp_path, f"{GOOD}\n{broker}{listed}\n")).settings
        return site_service(settings, KEY, journal, lambda _view: None, NOTHING_LOST)

    yield make
    journal.close()


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
