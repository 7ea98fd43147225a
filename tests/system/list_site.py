"""A site whose lists central keeps: its keys and files, and the commands that publish and pack them, as installed."""

import secrets
from dataclasses import replace

from agent.core.crypto.keys import SigningKey
from agent.core.permit import trust
from agent.core.permit.issue import DAY_S, LIST_LIFE_S
from agent.core.permit.reference import digest_of, reference_of
from agent.core.permit.trust import Purpose, TrustEntry, TrustList
from tests.support.gate.gate_site import HOUR_S, SITE, GateSite
from tests.support.lists.central import as_csv, write
from tests.support.lists.lists import declarations
from tests.support.waiting import scaled

VEHICLES = 200


class ListSite(GateSite):
    """What is declared and revoked only grows: each test takes vehicles of its own."""

    def __init__(self, installed, folder):
        super().__init__(folder)
        self._installed = installed
        key = SigningKey.from_seed(secrets.token_bytes(32))
        (folder / "lists.pem").write_bytes(key.to_pem())
        since = self.utc - HOUR_S
        signer = TrustEntry(key.public, key.public.key_id, "central", (SITE,), since, since + 90 * DAY_S)
        entries = (self._issuer.entry(since), replace(signer, purpose=Purpose.LISTS))
        write(folder / "trust-list.txt", trust.seal(TrustList(2, since, since + LIST_LIFE_S, entries), self._root))
        rows = declarations(VEHICLES, now=self.utc)
        self._new = (replace(row, site=SITE, issuer=self._issuer.name, reference=None) for row in rows)
        self.declared, self.revoked = {}, []

    def vehicle(self, **changes):
        """The declaration of a vehicle that nobody knows yet."""
        return replace(next(self._new), **changes)

    def declare(self, *rows):
        """Put these declarations into the file, or change them there."""
        self.declared |= {row.permit_id: row for row in rows}
        write(self.folder / "declarations.csv", as_csv(self.declared.values()))

    def revoke(self, row):
        """Put the permit of this declaration into the file of the revocations."""
        self.revoked.append(f"{row.permit_id.hex()},{row.expires_at},sold on")
        write(self.folder / "revocations.csv", "\n".join(["permit_id,expires_at,cause", *self.revoked]) + "\n")

    def permit_of(self, row, **changes):
        """The signed text of the permit of a declaration; `changes`: what it says otherwise."""
        names = ("permit_id", "not_before", "expires_at", "declaration", "vin", "plate_kind", "energy", "direction")
        claims = {name: getattr(row, name) for name in names} | {"issued_at": row.not_before}
        return self.permit(row.plate, **(claims | changes))

    def by_reference(self):
        """A declaration with a reference, and the text of that."""
        secret = secrets.token_bytes(10)
        return self.vehicle(reference=digest_of(secret)), reference_of(secret)

    def publish(self, broker):
        """Bring the files to the broker by `gate-agent lists publish`."""
        address = f"mqtt://127.0.0.1:{broker.port}"
        return self._run("publish", "--broker", address, "--settle", f"{scaled(0.2):g}", *self._files())

    def pack(self, path):
        """Write the files into a pack by `gate-agent lists pack`."""
        return self._run("pack", "--out", path, *self._files())

    def _files(self):
        return "--declarations", self.folder / "declarations.csv", "--revocations", self.folder / "revocations.csv"

    def _run(self, command, *options):
        done = self._installed.run(
            *("lists", command, "--site", SITE, "--key", self.folder / "lists.pem"),
            *("--state", self.folder / "catalogue", "--trust-list", self.folder / "trust-list.txt"),
            *("--root-key", self.root_key, *options),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
