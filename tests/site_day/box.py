"""A gate of the site in its container: its two lanes, the other gates of the site, and what can be done to it."""

import re
import shutil

from tests.fleet.gate_box import GateBox
from tests.site_day.configuration import CLAIM_S, FOLDER, NEIGHBOUR, NEIGHBOURS
from tests.site_day.gate_yard import Yard
from tests.support.packaging.booted_gate import CONFIGURATION, JOURNAL
from tests.support.packaging.booted_gate import UNIT as AGENT_UNIT

STATE = JOURNAL.rpartition("/")[0]
BACKUP, ASIDE = "/srv/backup", "/srv/aside"
IN_USE = "state-journal.db"
"""How the copy of the journal in use is called."""
FILES = "/etc/gate-agent"


class SiteBox(GateBox):
    """A gate of the site. `folder`: outside, for what it shares."""

    def __init__(self, number, base, bridge, releases, folder):
        super().__init__(number, base, bridge, releases, {FOLDER: folder / "yard"})
        self.folder = folder
        self.vehicles = Yard(self.machine, number, folder / "yard")

    def __enter__(self):
        self.vehicles.__enter__()
        return super().__enter__()

    def __exit__(self, *_):
        self.vehicles.__exit__()
        super().__exit__()

    def first_start(self):
        """Start it once, for the key that it makes; its public half."""
        self.machine.ask(f"systemctl start {AGENT_UNIT}")
        said = self.machine.ask(f"gate-agent events key --state {STATE}")
        self.machine.ask(f"systemctl stop {AGENT_UNIT}")
        return re.search(r"^public ([0-9a-f]{64})$", said, re.MULTILINE)[1]

    def join(self, broker, host, keys):
        """Have it know the other gates of the site. `broker`: theirs; `keys`: of all gates, by name."""
        root = self.machine.root
        for name, file in zip(("site-ca.pem", "site.pem", "site.key"), broker.files(f"{self.name}.site"), strict=True):
            shutil.copyfile(file, root / FILES[1:] / name)
        self.machine.ask(f"cd {FILES} && chown gate-agent: site* && chmod 0644 site-ca.pem && chmod 0600 site.key")
        text = NEIGHBOURS.format(host=host, port=broker.port, claim_s=CLAIM_S)
        text += "".join(NEIGHBOUR.format(gate=gate, key=key) for gate, key in sorted(keys.items()))
        file = root / CONFIGURATION[1:]
        before, there, _ = file.read_text().partition("\n[site]\n")
        assert there
        after = file.read_text().partition("\n[privacy]\n")
        file.write_text(before + text + "\n[privacy]\n" + after[2])

    # ---------------------------------------------------------------------------------------------------- its troubles

    def kill_agent(self):
        self.machine.run(f"systemctl kill --signal=KILL --kill-whom=main {AGENT_UNIT}", check=False)

    def kill_workers(self):
        """Kill what reads pictures for the agent."""
        main = f"/proc/$(systemctl show --property=MainPID --value {AGENT_UNIT})/task/*/children"
        self.machine.run(f"kill -KILL $(cat {main})", check=False)

    def cut_power(self):
        """Its computer and its boards lose their power at once."""
        self.machine.cut_power()
        self.vehicles.lose_power()

    def power_on(self):
        self.machine.boot()
        self.connect()
        self.vehicles.begin()

    def set_network(self, *, up):
        self.machine.run(f"ip link set host0 {'up' if up else 'down'}")

    def back_up(self):
        """Copy its state, as somebody does who means well."""
        self.stop()
        self.machine.ask(f"rm -rf {BACKUP} && cp -a {STATE} {BACKUP}")
        self.start()

    def restore(self):
        """Put the copy in the place of the state, and the state aside for the judge."""
        self.machine.ask(f"mkdir -p {ASIDE} && cp -a {STATE}/journal.db* {ASIDE}")
        self.machine.ask(f"find {STATE} -mindepth 1 -delete && cp -a {BACKUP}/. {STATE}")
        self.start()

    def start(self):
        self.machine.ask(f"systemctl start {AGENT_UNIT}")

    def stop(self):
        self.machine.ask(f"systemctl stop {AGENT_UNIT}")

    def journals(self, when):
        """Copies of all its journals, of the stopped gate: also of those that it has moved aside, or that were."""
        folder = self.folder / when
        folder.mkdir()
        for source, name in ((STATE, "state"), (ASIDE, "aside")):
            for file in (self.machine.root / source[1:]).glob("journal*.db*"):
                shutil.copy(file, folder / f"{name}-{file.name}")
        return [path for path in sorted(folder.iterdir()) if path.suffix == ".db"]
