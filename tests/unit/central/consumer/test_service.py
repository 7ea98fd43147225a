"""The consumer at work: nothing is settled before it is stored, and whatever fails, it begins again."""

import threading

import psycopg
import pytest

from central.consumer import ConsumerService, Message
from central.consumer.event_rows import insert_events
from central.database import IdentityError, Role
from tests.support.central.databases import NOW
from tests.support.consumer.events import GATE, chain, devices, message
from tests.support.consumer.postgres import needs_postgres

pytestmark = needs_postgres


class Broker:
    """A way to a broker that has some batches, says what becomes of them, and stops the service at the last one."""

    def __init__(self, *batches, database=None, fails=()):
        self.batches, self.stop, self.settled, self.closed = list(batches), threading.Event(), [], 0
        self._database, self._fails = database, list(fails)

    def __call__(self):
        if self._fails:
            raise self._fails.pop(0)
        return self

    def next_batch(self, _wait_s):
        return self.batches[0] if self.batches else []

    def settle(self, batch, answers):
        stored = self._database.execute("SELECT max(watermark) FROM streams").fetchone()[0]
        self.settled.append((len(batch), [answer.topic for answer in answers], stored))
        self.batches.pop(0)
        if not self.batches:
            self.stop.set()

    def close(self):
        self.closed += 1


@pytest.fixture
def batches():
    events = [Message(*message(event)) for event in chain(*devices(4))]
    return [events[:2], events[2:]]


def service(url, *sources, name="central", role=Role.ACKNOWLEDGE):
    return ConsumerService(sources, url, lambda: NOW, name=name, role=role)


@pytest.fixture(autouse=True)
def short_pauses(mocker):
    mocker.patch("central.consumer.service.PAUSE_S", 0.01)


def test_a_batch_is_settled_and_answered_after_it_was_stored(central_url, database, batches):
    broker = Broker(*batches, database=database)
    service(central_url, broker).run(broker.stop)
    assert broker.settled == [(2, [f"gate/v1/{GATE}/ack"], 2), (2, [f"gate/v1/{GATE}/ack"], 4)]
    assert broker.closed == 1


def test_a_broker_that_is_away_gives_way_to_the_next_one(central_url, database, batches):
    away = Broker(fails=[OSError("refused")] * 9)
    broker = Broker(*batches, database=database)
    service(central_url, away, broker).run(broker.stop)
    assert len(broker.settled) == 2


def test_a_batch_that_could_not_be_stored_is_not_settled_and_comes_again(central_url, database, batches, mocker):
    broker = Broker(*batches, database=database)
    mocker.patch("central.consumer.store.insert_events", side_effect=once_failing(insert_events))
    service(central_url, broker).run(broker.stop)
    assert [settled[2] for settled in broker.settled] == [2, 4]
    assert broker.closed == 2


def once_failing(real):
    """The function, which fails the first time."""
    calls = []

    def called(*arguments):
        calls.append(1)
        if len(calls) == 1:
            raise psycopg.OperationalError("gone")
        return real(*arguments)

    return called


def test_another_central_does_not_work_on_this_database(central_url, database, batches):
    broker = Broker(*batches, database=database)
    service(central_url, broker).run(broker.stop)
    with pytest.raises(IdentityError, match="database of its own"):
        service(central_url, broker, role=Role.LISTEN).run(threading.Event())


def test_a_listening_central_settles_and_answers_nothing(central_url, database, batches):
    broker = Broker(*batches, database=database)
    service(central_url, broker, role=Role.LISTEN).run(broker.stop)
    assert broker.settled == [(2, [], 2), (2, [], 4)]
