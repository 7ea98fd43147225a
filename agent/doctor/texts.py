"""What the doctor says: of every finding, what it is and how it is fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.model import Flaw, View
from agent.doctor.codes import DiagnosticCheck, FindingCode, Severity
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

TITLES: Final[Mapping[DiagnosticCheck, Text]] = {
    DiagnosticCheck.CONFIGURATION: Text("Configuration"),
    DiagnosticCheck.SERVICE: Text("Service"),
    DiagnosticCheck.VERSIONS: Text("Version"),
    DiagnosticCheck.DRIVERS: Text("Drivers from outside"),
    DiagnosticCheck.WATCHDOG: Text("Watchdog"),
    DiagnosticCheck.PARTS: Text("Parts of the agent"),
    DiagnosticCheck.CLOCK: Text("Clock"),
    DiagnosticCheck.TIME_ZONE: Text("Time zone"),
    DiagnosticCheck.DISK: Text("Disk"),
    DiagnosticCheck.MEMORY: Text("Memory"),
    DiagnosticCheck.PROCESSOR: Text("Processor"),
    DiagnosticCheck.ANCHORS: Text("Trust anchors"),
    DiagnosticCheck.STATE: Text("State directory"),
    DiagnosticCheck.WITNESS: Text("Witness of the state"),
    DiagnosticCheck.JOURNAL: Text("Journal"),
    DiagnosticCheck.GATE_KEY: Text("Key of the gate"),
    DiagnosticCheck.CERTIFICATES: Text("Certificates"),
    DiagnosticCheck.MODELS: Text("Networks of the plate reader"),
    DiagnosticCheck.BROKERS: Text("Brokers"),
    DiagnosticCheck.SITE: Text("Gates of the site"),
    DiagnosticCheck.NOTIFICATIONS: Text("Notifications"),
    DiagnosticCheck.LISTS: Text("Lists"),
    DiagnosticCheck.PORTS: Text("Ports"),
    DiagnosticCheck.CAMERAS: Text("Cameras"),
    DiagnosticCheck.SECOND_READING: Text("Second reading of pictures"),
    DiagnosticCheck.RELAYS: Text("Relay boards"),
    DiagnosticCheck.INPUTS: Text("Inputs"),
    DiagnosticCheck.SCANNERS: Text("Scanners"),
    DiagnosticCheck.SIGNS: Text("Signs for drivers"),
    DiagnosticCheck.VOICES: Text("Loudspeakers"),
}

FINDINGS: Final[Mapping[FindingCode, Advice]] = {
    FindingCode.CONFIGURATION_REFUSED: Advice(
        Text("The configuration on the disk cannot be used: {problem}"),
        Text("Fix that line and run `gate-agent config check`. Until then the gate runs with the last good one."),
    ),
    FindingCode.CONFIGURATION_DOUBTFUL: Advice(
        Text("The configuration can be used, but: {problem}"), Text("Change it, unless it is meant so.")
    ),
    FindingCode.CONFIGURATION_WAITS: Advice(
        Text("The configuration on the disk is not the one that runs."),
        Text("Run `systemctl reload gate-agent`; it is taken once no vehicle is under way."),
    ),
    FindingCode.LANE_DRY_RUN: Advice(
        Text("The lane is in dry run: it decides and records, nothing moves, and the driver is told nothing."),
        Text('Set mode = "live" of the lane when it is to work.'),
    ),
    FindingCode.UNIT_MISSING: Advice(
        Text("The agent is not installed as a service here."),
        Text(
            "On a gate install the package, or the unit gate-agent.service: only so is the agent started again after "
            "a failure."
        ),
    ),
    FindingCode.UNIT_FAULTY: Advice(
        Text("The service manager complains of the unit: {text}"),
        Text("Restore the unit from the package, and put changes into `systemctl edit gate-agent`."),
    ),
    FindingCode.UNIT_NOT_ENABLED: Advice(
        Text("The service does not start with the machine: after a power cut the gate stays down."),
        Text("Run `systemctl enable gate-agent`."),
    ),
    FindingCode.SERVICE_FAILED: Advice(
        Text("The service has failed: {result}."),
        Text("Look at `journalctl -u gate-agent -n 50`, fix the cause, then run `systemctl restart gate-agent`."),
    ),
    FindingCode.SERVICE_STOPPED: Advice(Text("The service does not run."), Text("Run `systemctl start gate-agent`.")),
    FindingCode.SERVICE_RESTARTED: Advice(
        Text("The service manager had to start the agent again {count} times."),
        Text("Look for the cause in `journalctl -u gate-agent -p err` and send a support bundle."),
    ),
    FindingCode.VERSION_WAITS: Advice(
        Text("Version {running} runs, version {installed} is installed."),
        Text("Run `systemctl restart gate-agent` when no vehicle is under way."),
    ),
    FindingCode.UPDATE_UNDER_WAY: Advice(
        Text("An update to version {version}, ordered by central, is under way: {stage}."),
        Text("Wait. It takes a moment without a vehicle. `journalctl -u gate-agent-software` says how far it is."),
    ),
    FindingCode.UPDATE_UNDONE: Advice(
        Text("The update to version {version}, ordered by central, was undone: {why}"),
        Text("Look at `journalctl -u gate-agent-software`. Once it is fixed, central must order it again."),
    ),
    FindingCode.DRIVER_REJECTED: Advice(
        Text("A driver of the package {package} is not used: {trouble}"),
        Text("Tell whoever made the package, or remove it. The page about writing a driver says what is expected."),
    ),
    FindingCode.DRIVER_UNUSABLE: Advice(
        Text("A driver of the package {package} cannot be used: {trouble}"),
        Text("Install a version of the package that fits this agent, then restart the service."),
    ),
    FindingCode.WATCHDOG_OFF: Advice(
        Text("The service manager does not watch the agent: one that hangs would not be started again."),
        Text("Set WatchdogSec= in the unit as the package ships it."),
    ),
    FindingCode.HARDWARE_WATCHDOG_OFF: Advice(
        Text("The watchdog of the machine is not used: a machine that hangs stays so."),
        Text("Set RuntimeWatchdogSec=30 in /etc/systemd/system.conf and restart the machine."),
    ),
    FindingCode.PART_STALLED: Advice(
        Text("It has made no progress for {time}."),
        Text(
            "The service manager starts the agent again. Send a support bundle: this is a mistake in the agent, or a "
            "disk or device that hangs."
        ),
    ),
    FindingCode.PART_FAILED: Advice(
        Text("It has failed and begins again: {trouble}"),
        Text("Send a support bundle: this is a mistake in the agent. If it does not recover, restart the service."),
    ),
    FindingCode.PART_RESTARTED: Advice(
        Text("It has failed {count} times since the start and works again."),
        Text("Send a support bundle: this is a mistake in the agent."),
    ),
    FindingCode.NOTIFICATION_FAILING: Advice(
        Text("Notices are not delivered: {trouble}. {waiting} are waiting."),
        Text(
            "Check the section in the configuration and the network, then send a test message: Settings, "
            "Notifications, or `gate-agent notify test`. The gate keeps trying."
        ),
    ),
    FindingCode.NOTIFICATIONS_DROPPED: Advice(
        Text("{count} notices could not be delivered in time and were dropped."),
        Text("Read the alarms in the journal: it has all of them. Then check the receiver."),
    ),
    FindingCode.NOTIFICATIONS_STOPPED: Advice(
        Text("Notices cannot be made: {trouble}"),
        Text("Check the disk and the journal. The gate keeps trying."),
    ),
    FindingCode.CLOCK_UNTRUSTED: Advice(
        Text("The clock cannot be trusted, so that an officer must decide on every vehicle: {why}"),
        Text(
            "Set up a time server (`timedatectl timesync-status`, `chronyc sources`) and check the machine's battery."
        ),
    ),
    FindingCode.CLOCK_UNSYNCHRONISED: Advice(
        Text("No time server keeps the clock now: {why}"),
        Text("Check the network and the time server (`timedatectl timesync-status`, `chronyc sources`)."),
    ),
    FindingCode.CLOCK_INEXACT: Advice(
        Text("The clock may be wrong by {error}."), Text("Use a time server that is nearer, best one at the site.")
    ),
    FindingCode.TIME_ZONE_UNKNOWN: Advice(
        Text("The machine has no time zone, so that its own logs show UTC."),
        Text("Run `timedatectl set-timezone`, such as Asia/Almaty. Events are in UTC in any case."),
    ),
    FindingCode.DISK_FULL: Advice(
        Text("The disk is full: {free} are free. An officer must decide once no event can be recorded."),
        Text("Delete what is not the agent's, or lower evidence.max_mb and journal.max_mb."),
    ),
    FindingCode.DISK_LOW: Advice(
        Text("The disk is nearly full: {free} are free."),
        Text("Delete what is not the agent's, or lower evidence.max_mb and journal.max_mb."),
    ),
    FindingCode.INODES_LOW: Advice(
        Text("The disk can take only {free} more files."), Text("Delete many small files that are not the agent's.")
    ),
    FindingCode.DISK_READ_ONLY: Advice(
        Text("The disk is mounted read-only, which a file system does that found an error."),
        Text("Look at `dmesg`, check the file system, and replace the disk where it has errors."),
    ),
    FindingCode.DISK_IN_MEMORY: Advice(
        Text("The state lies in memory ({file_system}): every event is lost with the next power cut."),
        Text("Set state.directory to a folder on a disk."),
    ),
    FindingCode.DISK_TOO_SMALL: Advice(
        Text("The settings let journal, pictures and lists grow by {wanted}, but {free} are free."),
        Text("Lower evidence.max_mb, journal.max_mb or lists.max_mb, or use a larger disk."),
    ),
    FindingCode.DISK_WEARS: Advice(
        Text("The state lies on a flash card ({device}) that also notes each reading, which wears it out."),
        Text("Mount it with noatime, and use a card made for industry, or a disk."),
    ),
    FindingCode.MEMORY_LOW: Advice(
        Text("Little memory is left: {free}."), Text("Use fewer or smaller cameras, end other programs, or add memory.")
    ),
    FindingCode.LOAD_HIGH: Advice(
        Text("The machine is too busy: {load} tasks wait on {cores} cores."),
        Text("End other programs, lower the cameras' frame rate or size, or use a faster machine."),
    ),
    FindingCode.TEMPERATURE_HIGH: Advice(
        Text("The machine is hot: {temperature}."), Text("Clear the air inlets, shade the cabinet, or add a fan.")
    ),
    FindingCode.THROTTLED: Advice(
        Text("The machine had to slow down, because of heat or too weak a power supply."),
        Text("Check the cooling and the power supply."),
    ),
    FindingCode.ANCHORS_NOT_ADOPTED: Advice(
        Text("The trust anchors still stand in the configuration, where an administrator changes them alone."),
        Text("Before the first real vehicle run `sudo gate-agent anchors adopt`."),
    ),
    FindingCode.ANCHORS_NOT_SEALABLE: Advice(
        Text("Nobody could change the trust anchors once they are sealed, so they are not."),
        Text("Run `sudo gate-agent anchors adopt` again, with --person or --document-key."),
    ),
    FindingCode.ANCHORS_UNUSABLE: Advice(
        Text("The trust anchors cannot be used: {trouble}"),
        Text("Give file and folder to root alone, or put the file back from a copy; until then the gate cannot start."),
    ),
    FindingCode.STATE_MISSING: Advice(
        Text("There is no state directory yet: no agent has run here."),
        Text("Nothing to fix; the first start creates it."),
    ),
    FindingCode.STATE_FORBIDDEN: Advice(
        Text("The user {user} may not write the state directory."),
        Text("Run `chown -R gate-agent: /var/lib/gate-agent`, or set state.directory to a folder that it may write."),
    ),
    FindingCode.STATE_OPEN: Advice(
        Text("Everybody on this machine may look into the state directory (mode {mode})."),
        Text("Run `chmod 0750` on it."),
    ),
    FindingCode.WITNESS_DISAGREES: Advice(
        Text("A part of what the gate keeps is lost or an older copy, so that an officer must decide: {cause}"),
        Text(
            "Find out what happened to the disk or who restored a backup. What the lists, central and the other gates "
            "can show is fetched by itself; the rest an admin and a second person accept under Health."
        ),
    ),
    FindingCode.WITNESS_NONE: Advice(
        Text("There is no head file: nothing on this machine would notice an older copy of the state."),
        Text("Set state.head_file to a file outside the state directory, such as `/var/lib/gate-agent-witness/head`."),
    ),
    FindingCode.WITNESS_BAD: Advice(
        Text("The head file is not usable: {trouble}"),
        Text(
            "See that its folder is there and belongs to the agent's user. A file that was lost or damaged is written "
            "anew by the next start, which has an officer decide until two persons accept that."
        ),
    ),
    FindingCode.JOURNAL_MISSING: Advice(
        Text("There is no journal yet: no agent has run here."),
        Text("Nothing to fix; the first start creates it."),
    ),
    FindingCode.JOURNAL_DAMAGED: Advice(
        Text("The journal is damaged or cannot be read: {trouble}"),
        Text(
            "Restart the agent: it keeps the damaged file aside, saves what can be saved and says so. Then check the "
            "disk."
        ),
    ),
    FindingCode.JOURNAL_FAILING: Advice(
        Text("The journal cannot be written now, so that no barrier is raised without an officer."),
        Text("See the findings on disk and state directory, and the log."),
    ),
    FindingCode.JOURNAL_FILLING: Advice(
        Text("{count} events wait for central, and the journal is {share} full; once full, an officer must decide."),
        Text("Restore the connection to central. Until then you may raise journal.max_mb."),
    ),
    FindingCode.JOURNAL_WAITING: Advice(
        Text("{count} events wait for central's acknowledgement, the oldest for {age}."),
        Text("See the findings on brokers; where they are well, ask central whether its consumer runs."),
    ),
    FindingCode.ACKS_UNSIGNED: Advice(
        Text(
            "Acknowledgements are not signed: whoever can write to the broker can make this gate forget events that "
            "central does not have."
        ),
        Text("Let central sign them, and put the public half of its key into mqtt.ack_keys (docs/delivery.md)."),
    ),
    FindingCode.GATE_KEY_MISSING: Advice(
        Text("The gate has no key of its own yet."), Text("Nothing to fix; the first start creates the key.")
    ),
    FindingCode.GATE_KEY_BAD: Advice(
        Text("The gate's key cannot be used: {trouble}"),
        Text(
            "Do as it says; after a new key give `gate-agent events key` to central and to the other gates of the site."
        ),
    ),
    FindingCode.GATE_KEY_UNKNOWN: Advice(
        Text(
            "The other gates of the site do not know this gate's key: this gate stays apart from them, and decides as "
            "site.partition_policy says of a line that is cut."
        ),
        Text("Put {key} into site.gates at every gate of the site, and restart them one after the other."),
    ),
    FindingCode.CERTIFICATE_UNUSABLE: Advice(
        Text("The file cannot be used: {trouble}"),
        Text("Put a good PEM file there that the agent's user may read, and reload."),
    ),
    FindingCode.CERTIFICATE_EXPIRED: Advice(
        Text("The certificate expired on {date}."), Text("Get a new one, put it in its place, and reload the agent.")
    ),
    FindingCode.CERTIFICATE_EARLY: Advice(
        Text("The certificate holds only from {date}."),
        Text("Check the clock of this gate; if it is right, get another one."),
    ),
    FindingCode.CERTIFICATE_EXPIRES: Advice(
        Text("The certificate expires in {left}, on {date}."), Text("Get a new one in time.")
    ),
    FindingCode.CERTIFICATE_NOT_RENEWED: Advice(
        Text("The certificate should have been renewed on {due} and ends on {date}: {trouble}"),
        Text("Check the EST server and the way to it; the gate retries by itself. See the page about enrolment."),
    ),
    FindingCode.CERTIFICATE_OTHER_NAME: Advice(
        Text("The certificate is for {name}, but this gate is {expected}."),
        Text("Get one with the CN {expected}, or set gate.id right."),
    ),
    FindingCode.PRIVATE_KEY_OPEN: Advice(
        Text("Others on this machine may read or change the private key (mode {mode})."),
        Text("Run `chmod 0640` on it."),
    ),
    FindingCode.MODEL_BAD: Advice(
        Text("The weights are not those that were measured: {trouble}"),
        Text("Install the package again. Until then no plate is read."),
    ),
    FindingCode.BROKER_NONE: Advice(
        Text("No broker is set: events stay in the journal, and nobody hears of them."),
        Text("Set mqtt.brokers and mqtt.enabled, unless it is meant so."),
    ),
    FindingCode.BROKER_UNREACHABLE: Advice(
        Text("The broker cannot be used: {trouble}"),
        Text("Do as it says; then look at cable, firewall, certificates and the broker's own log."),
    ),
    FindingCode.BROKER_TAKES_NOTHING: Advice(
        Text("The broker takes nothing that this gate publishes: {trouble}"),
        Text("Let the gate write gate/v1/ID/# as config/mosquitto/gates.acl shows."),
    ),
    FindingCode.BROKER_GIVES_NOTHING: Advice(
        Text("The broker does not give this gate its acknowledgements and commands: {trouble}"),
        Text("Let the gate read gate/v1/ID/ack and gate/v1/ID/cmd/# as config/mosquitto/gates.acl shows."),
    ),
    FindingCode.BROKER_SLOW: Advice(
        Text("The broker is slow: an answer took {time}."), Text("Look at the network and at the load of the broker.")
    ),
    FindingCode.BROKER_IN_CLEAR: Advice(
        Text("Nothing is encrypted on the way to this broker."),
        Text("Use mqtts:// with certificates, unless it is this machine."),
    ),
    FindingCode.SITE_GATE_UNHEARD: Advice(
        Text("This gate and {gate} do not hear each other: each decides as site.partition_policy says."),
        Text("Look whether {gate} runs, and at its way to the broker of the site; then at this gate's."),
    ),
    FindingCode.SITE_GATE_OTHER_VERSION: Advice(
        Text(
            "{gate} speaks version {theirs} of the messages between gates, this gate version {ours}: neither asks the "
            "other, and each decides as site.partition_policy says."
        ),
        Text("Install the same version of gate-agent at all gates of the site."),
    ),
    FindingCode.SITE_GATES_DIFFER: Advice(
        Text("{gate} has another list of the site's gates than this gate: neither asks the other."),
        Text("Make `[[site.gates]]` the same at all gates of the site and restart them one after the other."),
    ),
    FindingCode.LISTS_UNREADABLE: Advice(
        Text("The lists cannot be read: {trouble}"),
        Text("Restart the agent: it replaces damaged lists by empty ones and gets them from central again."),
    ),
    FindingCode.TRUST_LIST_MISSING: Advice(
        Text("There is no trust list, so that no permit can be verified."),
        Text("Set permits.trust_list, or have central publish the list."),
    ),
    FindingCode.TRUST_LIST_EXPIRED: Advice(
        Text("The trust list ended {age} ago."),
        Text("Have a new one signed with `gate-agent permit renew` and published."),
    ),
    FindingCode.TRUST_LIST_EXPIRES: Advice(
        Text("The trust list ends in {left}, on {date}."),
        Text("Have a new one signed with `gate-agent permit renew` and published."),
    ),
    FindingCode.LIST_MISSING: Advice(
        Text("The gate needs this list and never got it."),
        Text("Have central publish it, or bring it on a stick: `gate-agent lists import`."),
    ),
    FindingCode.LIST_OLD: Advice(
        Text("Central's last word on this list is {age} old."),
        Text("See the findings on brokers; or `gate-agent lists import`."),
    ),
    FindingCode.LIST_TOO_OLD: Advice(
        Text("Central's last word on this list is {age} old, so that an officer must decide."),
        Text("See the findings on brokers; or `gate-agent lists import`."),
    ),
    FindingCode.LIST_NOT_REQUIRED: Advice(
        Text("This list is not required: a permit that was taken back passes while the list is not there."),
        Text('Put "revocations" into lists.require, and see that central publishes the list.'),
    ),
    FindingCode.PORT_MISSING: Advice(
        Text("There is no such device ({used_by})."),
        Text("Plug it in, and check cable and power; `gate-agent relay list` shows what is there under which name."),
    ),
    FindingCode.PORT_FORBIDDEN: Advice(
        Text("The user {user} may not open it; the group {group} may."),
        Text("Run `usermod -aG {group} {user}` and restart the agent."),
    ),
    FindingCode.PORT_GROUP_HIDDEN: Advice(
        Text("The user {user} may not open it; which group may cannot be seen from within the service."),
        Text(
            "See the group with `ls -lL {path}`, run `usermod -aG GROUP {user}` with its name for GROUP, and restart "
            "the agent."
        ),
    ),
    FindingCode.PORT_BARRED: Advice(
        Text("The service manager keeps all devices of the kind {kind} from the agent."),
        Text(
            "Run `systemctl restart gate-agent`. Where that does not help, run `systemctl edit gate-agent`, write the "
            "two lines "
            "`[Service]` and `DeviceAllow=char-{kind} rw`, and restart again."
        ),
    ),
    FindingCode.PORT_HELD: Advice(
        Text("Another program has it open: {holders}."),
        Text("End that program and see to it that it does not start again."),
    ),
    FindingCode.PORT_NAME_CHANGES: Advice(
        Text("This name may lead to another device after a restart."), Text("Write {better} instead: {why}.")
    ),
    FindingCode.CAMERA_LOST: Advice(
        Text("The camera does not deliver: {trouble}"),
        Text("Check its power, cable and address, and the user and password in its URL."),
    ),
    FindingCode.CAMERA_MISCONFIGURED: Advice(
        Text("The camera cannot work as it is set: {trouble}"), Text("Fix its table in the configuration.")
    ),
    FindingCode.CAMERA_STALE: Advice(
        Text("No picture comes any more: {trouble}"), Text("Check the network; restart the camera.")
    ),
    FindingCode.CAMERA_FROZEN: Advice(
        Text("The camera sends the same picture again and again."), Text("Restart the camera; update its firmware.")
    ),
    FindingCode.CAMERA_SLOW: Advice(
        Text("Only {rate} come from the camera."),
        Text("Set 15 to 25 pictures a second in its own pages; check the network."),
    ),
    FindingCode.CAMERA_OVERLOADED: Advice(
        Text("The machine cannot keep up with this camera."),
        Text("Lower the size or the frame rate in the camera's own pages, or use a faster machine."),
    ),
    FindingCode.CAMERA_RESTARTED: Advice(
        Text("The process of this camera had to be started again {count} times."),
        Text("Look for the cause in the log and send a support bundle."),
    ),
    FindingCode.CAMERA_UNCONFINED: Advice(
        Text("The process of this camera is not confined in everything: {missing}"),
        Text("Use Debian 13, whose kernel can do all of it, and install libseccomp2."),
    ),
    FindingCode.SECOND_READING_LOST: Advice(
        Text("No process is there that reads kept pictures a second time: {trouble}"),
        Text("Until then an officer opens for every vehicle. Look for the cause in the log, then restart the service."),
    ),
    FindingCode.SECOND_READING_UNCONFINED: Advice(
        Text("The process that reads kept pictures a second time is not confined in everything: {missing}"),
        Text("Use Debian 13, whose kernel can do all of it, and install libseccomp2."),
    ),
    FindingCode.RELAY_LOST: Advice(
        Text("The relay board does not answer: {trouble}"),
        Text("Check its power, cable and port; `gate-agent relay list --identify` says what is where."),
    ),
    FindingCode.RELAY_SLOW: Advice(
        Text("The relay board takes {time} to answer."),
        Text("Raise its baud rate, shorten the cable, or put fewer boards on the line."),
    ),
    FindingCode.RELAY_ENERGISED: Advice(
        Text("Relays are on while no agent runs: {channels}."),
        Text("Run `gate-agent release`; see to it that no other program moves the board."),
    ),
    FindingCode.INPUTS_LOST: Advice(
        Text("The board of the inputs does not answer: {trouble}"), Text("Check its power, cable and port.")
    ),
    FindingCode.INPUTS_UNKNOWN: Advice(
        Text("Signals are not known: {signals}. The lane does not close and does not open while it cannot feel."),
        Text("Check the wiring of these inputs with `gate-agent relay inputs`."),
    ),
    FindingCode.LANE_BLIND: Advice(
        Text(
            "The lane is blind: no loop says that a vehicle is there. Passages are assumed, and only its readers say "
            "that anybody came."
        ),
        Text(
            "Wire the loops ([lanes.NAME.inputs] and [lanes.NAME.signals]). Where that cannot be, let two cameras read "
            "([lanes.NAME.rules] require_two_cameras)."
        ),
    ),
    FindingCode.SCANNER_LOST: Advice(
        Text("The scanner cannot be reached: {trouble}"),
        Text("Check its cable and port, and that it is in serial mode."),
    ),
    FindingCode.SCANNER_NOISY: Advice(
        Text("The scanner sends what is no whole text: {trouble}"), Text("Check baud rate, suffix and cable.")
    ),
    FindingCode.SIGN_LOST: Advice(
        Text("The sign cannot be reached, so that drivers are not told on it what to do: {trouble}"),
        Text("Check its power, cable and address; then `gate-agent sign test`."),
    ),
    FindingCode.VOICE_LOST: Advice(
        Text("The sound device cannot be used, so that the lane is silent: {trouble}"),
        Text("Check its cable and its name ([lanes.NAME.voice] device); then `gate-agent voice test`."),
    ),
    FindingCode.CHECK_HANGS: Advice(
        Text("The check did not end within {time}: a device or a file system hangs."),
        Text("Look at the cable and power of what is checked, and at `dmesg`."),
    ),
    FindingCode.CHECK_FAILED: Advice(
        Text("The check itself failed: {trouble}"), Text("Send a support bundle: this is a mistake in the agent.")
    ),
}
"""In the texts {names} stand for the values of a finding. What a camera sees has the words of agent.i18n.cameras."""


def check_title(check: DiagnosticCheck, language: Language) -> str:
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
        case FindingCode.CAMERA_VIEW:
            return VIEWS[View(finding.values["view"])]
        case FindingCode.CAMERA_PICTURE:
            return FLAWS[Flaw(finding.values["flaw"])]
        case code:
            what, act = FINDINGS[code]
            return Advice(what.filled(**finding.values), act.filled(**finding.values))
