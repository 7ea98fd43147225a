"""What the doctor says: of every finding, what it is and how it is fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.model import Flaw, View
from agent.doctor.codes import Check, Code, Severity
from agent.i18n import translate
from agent.i18n.cameras import FLAWS, VIEWS
from agent.i18n.text_pair import Advice
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.doctor.finding import Finding
    from agent.i18n import Language

_BY_AGENT: Final = Text("the running agent says")
_BY_DOCTOR: Final = Text("no agent runs here; looked at without one")

SEVERITIES: Final[Mapping[Severity, Text]] = {
    Severity.OK: Text("well"),
    Severity.NOTE: Text("note"),
    Severity.WARNING: Text("warning"),
    Severity.ERROR: Text("error"),
}

TITLES: Final[Mapping[Check, Text]] = {
    Check.CONFIGURATION: Text("Configuration"),
    Check.SERVICE: Text("Service"),
    Check.VERSIONS: Text("Version"),
    Check.WATCHDOG: Text("Watchdog"),
    Check.PARTS: Text("Parts of the agent"),
    Check.CLOCK: Text("Clock"),
    Check.TIME_ZONE: Text("Time zone"),
    Check.DISK: Text("Disk"),
    Check.MEMORY: Text("Memory"),
    Check.PROCESSOR: Text("Processor"),
    Check.STATE: Text("State directory"),
    Check.JOURNAL: Text("Journal"),
    Check.GATE_KEY: Text("Key of the gate"),
    Check.CERTIFICATES: Text("Certificates"),
    Check.MODELS: Text("Networks of the plate reader"),
    Check.BROKERS: Text("Brokers"),
    Check.LISTS: Text("Lists"),
    Check.PORTS: Text("Ports"),
    Check.CAMERAS: Text("Cameras"),
    Check.RELAYS: Text("Relay boards"),
    Check.INPUTS: Text("Inputs"),
    Check.SCANNERS: Text("Scanners"),
}

FINDINGS: Final[Mapping[Code, Advice]] = {
    Code.CONFIGURATION_REFUSED: Advice(
        Text("The configuration on the disk cannot be used: {problem}"),
        Text("Fix that line and run `gate-agent config check`. Until then the gate runs with the last good one."),
    ),
    Code.CONFIGURATION_DOUBTFUL: Advice(
        Text("The configuration can be used, but: {problem}"), Text("Change it, unless it is meant so.")
    ),
    Code.CONFIGURATION_WAITS: Advice(
        Text("The configuration on the disk is not the one that runs."),
        Text("Run `systemctl reload gate-agent`; it is taken once no vehicle is under way."),
    ),
    Code.UNIT_MISSING: Advice(
        Text("The agent is not installed as a service here."),
        Text(
            "On a gate install the package, or the unit gate-agent.service: only so is the agent started again after "
            "a failure."
        ),
    ),
    Code.UNIT_FAULTY: Advice(
        Text("The service manager complains of the unit: {text}"),
        Text("Restore the unit from the package, and put changes into `systemctl edit gate-agent`."),
    ),
    Code.UNIT_NOT_ENABLED: Advice(
        Text("The service does not start with the machine: after a power cut the gate stays down."),
        Text("Run `systemctl enable gate-agent`."),
    ),
    Code.SERVICE_FAILED: Advice(
        Text("The service has failed: {result}."),
        Text("Look at `journalctl -u gate-agent -n 50`, fix the cause, then run `systemctl restart gate-agent`."),
    ),
    Code.SERVICE_STOPPED: Advice(Text("The service does not run."), Text("Run `systemctl start gate-agent`.")),
    Code.SERVICE_RESTARTED: Advice(
        Text("The service manager had to start the agent again {count} times."),
        Text("Look for the cause in `journalctl -u gate-agent -p err` and send a support bundle."),
    ),
    Code.VERSION_WAITS: Advice(
        Text("Version {running} runs, version {installed} is installed."),
        Text("Run `systemctl restart gate-agent` when no vehicle is under way."),
    ),
    Code.WATCHDOG_OFF: Advice(
        Text("The service manager does not watch the agent: one that hangs would not be started again."),
        Text("Set WatchdogSec= in the unit as the package ships it."),
    ),
    Code.HARDWARE_WATCHDOG_OFF: Advice(
        Text("The watchdog of the machine is not used: a machine that hangs stays so."),
        Text("Set RuntimeWatchdogSec=30 in /etc/systemd/system.conf and restart the machine."),
    ),
    Code.PART_STALLED: Advice(
        Text("It has made no progress for {time}."),
        Text(
            "The service manager starts the agent again. Send a support bundle: this is a mistake in the agent, or a "
            "disk or device that hangs."
        ),
    ),
    Code.PART_FAILED: Advice(
        Text("It has failed and begins again: {trouble}"),
        Text("Send a support bundle: this is a mistake in the agent. If it does not recover, restart the service."),
    ),
    Code.PART_RESTARTED: Advice(
        Text("It has failed {count} times since the start and works again."),
        Text("Send a support bundle: this is a mistake in the agent."),
    ),
    Code.CLOCK_UNTRUSTED: Advice(
        Text("The clock cannot be trusted, so that an officer must decide on every vehicle: {why}"),
        Text(
            "Set up a time server (`timedatectl timesync-status`, `chronyc sources`) and check the machine's battery."
        ),
    ),
    Code.CLOCK_UNSYNCHRONISED: Advice(
        Text("No time server keeps the clock now: {why}"),
        Text("Check the network and the time server (`timedatectl timesync-status`, `chronyc sources`)."),
    ),
    Code.CLOCK_INEXACT: Advice(
        Text("The clock may be wrong by {error}."), Text("Use a time server that is nearer, best one at the site.")
    ),
    Code.TIME_ZONE_UNKNOWN: Advice(
        Text("The machine has no time zone, so that its own logs show UTC."),
        Text("Run `timedatectl set-timezone`, such as Asia/Almaty. Events are in UTC in any case."),
    ),
    Code.DISK_FULL: Advice(
        Text("The disk is full: {free} are free. An officer must decide once no event can be recorded."),
        Text("Delete what is not the agent's, or lower evidence.max_mb and journal.max_mb."),
    ),
    Code.DISK_LOW: Advice(
        Text("The disk is nearly full: {free} are free."),
        Text("Delete what is not the agent's, or lower evidence.max_mb and journal.max_mb."),
    ),
    Code.INODES_LOW: Advice(
        Text("The disk can take only {free} more files."), Text("Delete many small files that are not the agent's.")
    ),
    Code.DISK_READ_ONLY: Advice(
        Text("The disk is mounted read-only, which a file system does that found an error."),
        Text("Look at `dmesg`, check the file system, and replace the disk where it has errors."),
    ),
    Code.DISK_IN_MEMORY: Advice(
        Text("The state lies in memory ({file_system}): every event is lost with the next power cut."),
        Text("Set state.directory to a folder on a disk."),
    ),
    Code.DISK_TOO_SMALL: Advice(
        Text("The settings let journal, pictures and lists grow by {wanted}, but {free} are free."),
        Text("Lower evidence.max_mb, journal.max_mb or lists.max_mb, or use a larger disk."),
    ),
    Code.DISK_WEARS: Advice(
        Text("The state lies on a flash card ({device}) that also notes each reading, which wears it out."),
        Text("Mount it with noatime, and use a card made for industry, or a disk."),
    ),
    Code.MEMORY_LOW: Advice(
        Text("Little memory is left: {free}."), Text("Use fewer or smaller cameras, end other programs, or add memory.")
    ),
    Code.LOAD_HIGH: Advice(
        Text("The machine is too busy: {load} tasks wait on {cores} cores."),
        Text("End other programs, lower the cameras' frame rate or size, or use a faster machine."),
    ),
    Code.TEMPERATURE_HIGH: Advice(
        Text("The machine is hot: {temperature}."), Text("Clear the air inlets, shade the cabinet, or add a fan.")
    ),
    Code.THROTTLED: Advice(
        Text("The machine had to slow down, because of heat or too weak a power supply."),
        Text("Check the cooling and the power supply."),
    ),
    Code.STATE_MISSING: Advice(
        Text("There is no state directory yet: no agent has run here."),
        Text("Nothing to fix; the first start creates it."),
    ),
    Code.STATE_FORBIDDEN: Advice(
        Text("The user {user} may not write the state directory."),
        Text("Run `chown -R gate-agent: /var/lib/gate-agent`, or set state.directory to a folder that it may write."),
    ),
    Code.STATE_OPEN: Advice(
        Text("Everybody on this machine may look into the state directory (mode {mode})."),
        Text("Run `chmod 0750` on it."),
    ),
    Code.JOURNAL_MISSING: Advice(
        Text("There is no journal yet: no agent has run here."),
        Text("Nothing to fix; the first start creates it."),
    ),
    Code.JOURNAL_DAMAGED: Advice(
        Text("The journal is damaged or cannot be read: {trouble}"),
        Text(
            "Restart the agent: it keeps the damaged file aside, saves what can be saved and says so. Then check the "
            "disk."
        ),
    ),
    Code.JOURNAL_FAILING: Advice(
        Text("The journal cannot be written now, so that no barrier is raised without an officer."),
        Text("See the findings on disk and state directory, and the log."),
    ),
    Code.JOURNAL_FILLING: Advice(
        Text("{count} events wait for central, and the journal is {share} full; once full, an officer must decide."),
        Text("Restore the connection to central. Until then you may raise journal.max_mb."),
    ),
    Code.JOURNAL_WAITING: Advice(
        Text("{count} events wait for central's acknowledgement, the oldest for {age}."),
        Text("See the findings on brokers; where they are well, ask central whether its consumer runs."),
    ),
    Code.GATE_KEY_MISSING: Advice(
        Text("The gate has no key of its own yet."), Text("Nothing to fix; the first start creates the key.")
    ),
    Code.GATE_KEY_BAD: Advice(
        Text("The gate's key cannot be used: {trouble}"),
        Text(
            "Do as it says; after a new key give `gate-agent events key` to central and to the other gates of the site."
        ),
    ),
    Code.CERTIFICATE_UNUSABLE: Advice(
        Text("The file cannot be used: {trouble}"),
        Text("Put a good PEM file there that the agent's user may read, and reload."),
    ),
    Code.CERTIFICATE_EXPIRED: Advice(
        Text("The certificate expired on {date}."), Text("Get a new one, put it in its place, and reload the agent.")
    ),
    Code.CERTIFICATE_EARLY: Advice(
        Text("The certificate holds only from {date}."),
        Text("Check the clock of this gate; if it is right, get another one."),
    ),
    Code.CERTIFICATE_EXPIRES: Advice(
        Text("The certificate expires in {left}, on {date}."), Text("Get a new one in time.")
    ),
    Code.CERTIFICATE_OTHER_NAME: Advice(
        Text("The certificate is for {name}, but this gate is {expected}."),
        Text("Get one with the CN {expected}, or set gate.id right."),
    ),
    Code.PRIVATE_KEY_OPEN: Advice(
        Text("Others on this machine may read or change the private key (mode {mode})."),
        Text("Run `chmod 0640` on it."),
    ),
    Code.MODEL_BAD: Advice(
        Text("The weights are not those that were measured: {trouble}"),
        Text("Install the package again. Until then no plate is read."),
    ),
    Code.BROKER_NONE: Advice(
        Text("No broker is set: events stay in the journal, and nobody hears of them."),
        Text("Set mqtt.brokers and mqtt.enabled, unless it is meant so."),
    ),
    Code.BROKER_UNREACHABLE: Advice(
        Text("The broker cannot be used: {trouble}"),
        Text("Do as it says; then look at cable, firewall, certificates and the broker's own log."),
    ),
    Code.BROKER_TAKES_NOTHING: Advice(
        Text("The broker takes nothing that this gate publishes: {trouble}"),
        Text("Let the gate write gate/v1/ID/# as config/mosquitto/gates.acl shows."),
    ),
    Code.BROKER_GIVES_NOTHING: Advice(
        Text("The broker does not give this gate its acknowledgements and commands: {trouble}"),
        Text("Let the gate read gate/v1/ID/ack and gate/v1/ID/cmd/# as config/mosquitto/gates.acl shows."),
    ),
    Code.BROKER_SLOW: Advice(
        Text("The broker is slow: an answer took {time}."), Text("Look at the network and at the load of the broker.")
    ),
    Code.BROKER_IN_CLEAR: Advice(
        Text("Nothing is encrypted on the way to this broker."),
        Text("Use mqtts:// with certificates, unless it is this machine."),
    ),
    Code.LISTS_UNREADABLE: Advice(
        Text("The lists cannot be read: {trouble}"),
        Text("Restart the agent: it replaces damaged lists by empty ones and gets them from central again."),
    ),
    Code.TRUST_LIST_MISSING: Advice(
        Text("There is no trust list, so that no permit can be verified."),
        Text("Set permits.trust_list, or have central publish the list."),
    ),
    Code.TRUST_LIST_EXPIRED: Advice(
        Text("The trust list ended {age} ago."),
        Text("Have a new one signed with `gate-agent permit renew` and published."),
    ),
    Code.TRUST_LIST_EXPIRES: Advice(
        Text("The trust list ends in {left}."),
        Text("Have a new one signed with `gate-agent permit renew` and published."),
    ),
    Code.LIST_MISSING: Advice(
        Text("The gate needs this list and never got it."),
        Text("Have central publish it, or bring it on a stick: `gate-agent lists import`."),
    ),
    Code.LIST_OLD: Advice(
        Text("Central's last word on this list is {age} old."),
        Text("See the findings on brokers; or `gate-agent lists import`."),
    ),
    Code.LIST_TOO_OLD: Advice(
        Text("Central's last word on this list is {age} old, so that an officer must decide."),
        Text("See the findings on brokers; or `gate-agent lists import`."),
    ),
    Code.PORT_MISSING: Advice(
        Text("There is no such device ({used_by})."),
        Text("Plug it in, and check cable and power; `gate-agent relay list` shows what is there under which name."),
    ),
    Code.PORT_FORBIDDEN: Advice(
        Text("The user {user} may not open it; the group {group} may."),
        Text("Run `usermod -aG {group} {user}` and restart the agent."),
    ),
    Code.PORT_GROUP_HIDDEN: Advice(
        Text("The user {user} may not open it; which group may cannot be seen from within the service."),
        Text(
            "See the group with `ls -lL {path}`, run `usermod -aG GROUP {user}` with its name for GROUP, and restart "
            "the agent."
        ),
    ),
    Code.PORT_BARRED: Advice(
        Text("The service manager keeps all devices of the kind {kind} from the agent."),
        Text(
            "Run `systemctl restart gate-agent`. Where that does not help, run `systemctl edit gate-agent`, write the "
            "two lines "
            "`[Service]` and `DeviceAllow=char-{kind} rw`, and restart again."
        ),
    ),
    Code.PORT_HELD: Advice(
        Text("Another program has it open: {holders}."),
        Text("End that program and see to it that it does not start again."),
    ),
    Code.PORT_NAME_CHANGES: Advice(
        Text("This name may lead to another device after a restart."), Text("Write {better} instead: {why}.")
    ),
    Code.CAMERA_LOST: Advice(
        Text("The camera does not deliver: {trouble}"),
        Text("Check its power, cable and address, and the user and password in its URL."),
    ),
    Code.CAMERA_MISCONFIGURED: Advice(
        Text("The camera cannot work as it is set: {trouble}"), Text("Fix its table in the configuration.")
    ),
    Code.CAMERA_STALE: Advice(
        Text("No picture comes any more: {trouble}"), Text("Check the network; restart the camera.")
    ),
    Code.CAMERA_FROZEN: Advice(
        Text("The camera sends the same picture again and again."), Text("Restart the camera; update its firmware.")
    ),
    Code.CAMERA_SLOW: Advice(
        Text("Only {rate} come from the camera."),
        Text("Set 15 to 25 pictures a second in its own pages; check the network."),
    ),
    Code.CAMERA_OVERLOADED: Advice(
        Text("The machine cannot keep up with this camera."),
        Text("Lower the size or the frame rate in the camera's own pages, or use a faster machine."),
    ),
    Code.CAMERA_RESTARTED: Advice(
        Text("The process of this camera had to be started again {count} times."),
        Text("Look for the cause in the log and send a support bundle."),
    ),
    Code.CAMERA_UNCONFINED: Advice(
        Text("The process of this camera is not confined in everything: {missing}"),
        Text("Use Debian 13, whose kernel can do all of it, and install libseccomp2."),
    ),
    Code.RELAY_LOST: Advice(
        Text("The relay board does not answer: {trouble}"),
        Text("Check its power, cable and port; `gate-agent relay list --identify` says what is where."),
    ),
    Code.RELAY_SLOW: Advice(
        Text("The relay board takes {time} to answer."),
        Text("Raise its baud rate, shorten the cable, or put fewer boards on the line."),
    ),
    Code.RELAY_ENERGISED: Advice(
        Text("Relays are on while no agent runs: {channels}."),
        Text("Run `gate-agent release`; see to it that no other program moves the board."),
    ),
    Code.INPUTS_LOST: Advice(
        Text("The board of the inputs does not answer: {trouble}"), Text("Check its power, cable and port.")
    ),
    Code.INPUTS_UNKNOWN: Advice(
        Text("Signals are not known: {signals}. The lane does not close and does not open while it cannot feel."),
        Text("Check the wiring of these inputs with `gate-agent relay inputs`."),
    ),
    Code.LANE_BLIND: Advice(
        Text("The lane has no inputs: passages are not seen but assumed."),
        Text("Wire the loops where you can ([lanes.NAME.inputs] and [lanes.NAME.signals])."),
    ),
    Code.SCANNER_LOST: Advice(
        Text("The scanner cannot be reached: {trouble}"),
        Text("Check its cable and port, and that it is in serial mode."),
    ),
    Code.SCANNER_NOISY: Advice(
        Text("The scanner sends what is no whole text: {trouble}"), Text("Check baud rate, suffix and cable.")
    ),
    Code.CHECK_HANGS: Advice(
        Text("The check did not end within {time}: a device or a file system hangs."),
        Text("Look at the cable and power of what is checked, and at `dmesg`."),
    ),
    Code.CHECK_FAILED: Advice(
        Text("The check itself failed: {trouble}"), Text("Send a support bundle: this is a mistake in the agent.")
    ),
}
"""In the texts {names} stand for the values of a finding. What a camera sees has the words of agent.i18n.cameras."""


def check_title(check: Check, language: Language) -> str:
    """What is checked."""
    return translate(TITLES[check], language)


def severity(word: Severity, language: Language) -> str:
    """How grave a finding is."""
    return translate(SEVERITIES[word], language)


def said_by(*, agent: bool, language: Language) -> str:
    """Who examined the gate: its running agent, or the doctor alone."""
    return translate(_BY_AGENT if agent else _BY_DOCTOR, language)


def measured(finding: Finding, language: Language) -> str:
    """The figures of a check that found nothing, and what a device says of itself."""
    return translate(finding.measured, language)


def advice(finding: Finding) -> Advice | None:
    """What was found and how it is fixed; None where there is nothing to fix."""
    match finding.code:
        case None:
            return None
        case Code.CAMERA_VIEW:
            return VIEWS[View(finding.values["view"])]
        case Code.CAMERA_PICTURE:
            return FLAWS[Flaw(finding.values["flaw"])]
        case code:
            what, act = FINDINGS[code]
            return Advice(what.filled(**finding.values), act.filled(**finding.values))
