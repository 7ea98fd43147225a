"""What the tests of MQTT share: a real journal."""

import pytest

from tests.support.mqtt.linking import journal_at


@pytest.fixture
def journal(tmp_path):
    with journal_at(tmp_path / "journal.sqlite") as opened:
        yield opened
