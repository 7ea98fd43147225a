from agent.core.model import CommandName
from agent.settings.model.agent import CommandKey
from tests.support.fleet.documents import KEY


def test_a_key_that_names_nothing_may_sign_what_it_always_could_and_nothing_that_came_later():
    """Only ever taken from: what is added here gives a right to keys that lie at gates already."""
    key = CommandKey(id="central", public_key=KEY.public.raw.hex())
    assert {name.value for name in key.may} == {
        *("open", "hold", "release", "close", "lock", "unlock", "out_of_service", "in_service", "display", "replay"),
        *("send_evidence", "snapshot", "reload_lists", "set_log_level", "rebirth", "send_bundle", "upload_grant"),
    }
    assert CommandName.ERASE not in key.may
