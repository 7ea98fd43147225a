"""A real journal whose writing and reading can be made to fail."""

import json

from tests.support.store.journals import open_journal


class FlakyJournal:
    """`fails`: what its methods raise, None while all is well. `hook` is called before each record."""

    def __init__(self, path, **options):
        self.real = open_journal(path, **options)
        self.fails = None
        self.hook = lambda drafts, ledger: None
        self.tries = 0

    def record(self, drafts, ledger=(), commands=()):
        self.tries += 1
        self.hook(drafts, ledger)
        if self.fails is not None:
            raise self.fails
        return self.real.record(drafts, ledger, commands)

    def use_state(self, permit_id, transaction=None):
        if self.fails is not None:
            raise self.fails
        return self.real.use_state(permit_id, transaction)

    def last_passage(self, vehicle, transaction):
        if self.fails is not None:
            raise self.fails
        return self.real.last_passage(vehicle, transaction)

    def other_exit(self, vehicle, permit_id, direction, since_utc):
        if self.fails is not None:
            raise self.fails
        return self.real.other_exit(vehicle, permit_id, direction, since_utc)

    @property
    def sealed(self):
        """Everything recorded, as it is sent, read."""
        return [json.loads(one.payload) for one in self.real.range(1, self.real.head)]

    @property
    def events(self):
        """Everything recorded, as (type, data) in order."""
        return [(line["type"], line["data"]) for line in self.sealed]

    @property
    def types(self):
        return [kind for kind, _ in self.events]

    @property
    def device_details(self):
        """What was recorded of devices, in words."""
        return [data["detail"] for kind, data in self.events if kind == "device.changed"]

    def close(self):
        self.real.close()
