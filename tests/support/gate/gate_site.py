"""A gate's site on disk for tests of the whole agent: keys, trust list, permits, configuration."""

import secrets

from agent.clock.clock import Clock
from agent.core.crypto.keys import SigningKey
from agent.core.permit import base45, trust
from agent.core.permit.claims import PLATE_KINDS, Permit
from agent.core.permit.issue import Issuer, issue, trust_list
from agent.core.plates.formats import kinds_of

GATE = "gate-7"
SITE = 17
HOUR_S = 3600
DAY_S = 24 * HOUR_S
DIGIT_9 = {"export": 0, "import": 1_000_000_000}


class GateSite:
    """Keys of a root and of an issuer, and the files of one gate in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.configuration = folder / "gate.toml"
        self.journal = folder / "state" / "journal.db"
        self.utc = int(Clock().now().utc)
        self._root, self._key = (SigningKey.from_seed(secrets.token_bytes(32)) for _ in range(2))
        self._issuer = Issuer("trade window", self._key, (SITE, SITE + 1))
        sealed = trust.seal(trust_list([self._issuer], self.utc - HOUR_S), self._root)
        (folder / "trust.gtl").write_bytes(sealed)

    @property
    def root_key(self):
        """The root's public key as the configuration names it."""
        return self._root.public.raw.hex()

    def permit(self, plate, **changes):
        """The text of a permit for a plate, or for a vehicle without one (None), valid now and here unless changed.

        `declaration` follows the direction.
        """
        direction = changes.get("direction", "export")
        serial = secrets.randbelow(1_000_000_000)
        claims = {
            "permit_id": secrets.token_bytes(8),
            "issuer": self._issuer.name,
            "key_id": self._key.public.key_id,
            "not_before": self.utc - HOUR_S,
            "expires_at": self.utc + DAY_S,
            "issued_at": self.utc - HOUR_S,
            "declaration": 940120260000000000 + DIGIT_9[direction] + serial,
            "vin": f"1M8GDM9AXKP{serial % 1_000_000:06d}",  # a vehicle of its own: none leaves twice
            "plate": plate,
            "plate_kind": plate and next(kind for kind in kinds_of(plate) if kind in PLATE_KINDS.values()),
            "energy": None,
            "site": SITE,
            "lane_mask": 0,
            "direction": direction,
            "max_uses": 1,
        }
        return issue(Permit(**(claims | changes)), self._key)

    def forged(self, plate):
        """A genuine permit for the neighbour's plate, whose plate was changed after it was signed."""
        signed = base45.decode(self.permit(neighbour(plate)).removeprefix("GP1:").encode())
        return "GP1:" + base45.encode(signed.replace(neighbour(plate).encode(), plate.encode())).decode()

    def configure(self, lane, *, mqtt, more=""):
        """Write the configuration: `lane` is the TOML of the lane `exit-1`, `mqtt` that of the broker."""
        self.configuration.write_text(
            f"""\
version = 1

[gate]
id = "{GATE}"
site = {SITE}

[state]
directory = "{self.folder / "state"}"

[permits]
trust_list = "{self.folder / "trust.gtl"}"
root_keys = ["{self.root_key}"]

[clock]
require_synchronised = false

[mqtt]
{mqtt}

[lanes.exit-1]
number = 1
direction = "export"
{lane}
{more}
""",
            encoding="utf-8",
        )
        return self.configuration


def plain_broker(port):
    """The [mqtt] keys for a broker of this machine without TLS."""
    urls = f'["mqtt://127.0.0.1:{port}", "mqtt://localhost:{port}"]'
    return f"brokers = {urls}\nstart_spread_s = 0.1\nresend_s = 2"


def neighbour(plate):
    """The plate that was given out next: its last digit, where it has one, one higher."""
    place = max(index for index, character in enumerate(plate) if character.isdigit())
    return f"{plate[:place]}{(int(plate[place]) + 1) % 10}{plate[place + 1 :]}"
