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

_BY_AGENT: Final = Text("reported by the running agent")
_BY_DOCTOR: Final = Text("checked without a running agent")

SEVERITIES: Final[Mapping[Severity, Text]] = {
    Severity.OK: Text("OK"),
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
        Text("The configuration on disk is invalid: {problem}"),
        Text(
            "Fix that line and run `gate-agent config check`. Until then, the gate runs with the last valid "
            "configuration."
        ),
    ),
    FindingCode.CONFIGURATION_UNUSABLE: Advice(
        Text("The configuration on disk is invalid: {problem}"),
        Text(
            "Fix that line and run `gate-agent config check`. No earlier valid configuration was found; without one, "
            "the agent does not start."
        ),
    ),
    FindingCode.CONFIGURATION_DOUBTFUL: Advice(
        Text("The configuration is valid, with a warning: {problem}"), Text("Change it, unless this is intended.")
    ),
    FindingCode.CONFIGURATION_WAITS: Advice(
        Text("The configuration on disk is not the active one."),
        Text("Run `systemctl reload gate-agent`. It is applied as soon as no vehicle is in a lane."),
    ),
    FindingCode.LANE_DRY_RUN: Advice(
        Text("The lane is in dry run: it decides and records, but nothing moves, and the driver gets no messages."),
        Text('To put the lane to work, set its mode = "live".'),
    ),
    FindingCode.UNIT_MISSING: Advice(
        Text("The agent is not installed as a service here."),
        Text(
            "On a gate, install the package or the unit gate-agent.service. Otherwise the agent is not "
            "restarted after a failure."
        ),
    ),
    FindingCode.UNIT_FAULTY: Advice(
        Text("The service manager reports a problem with the unit: {text}"),
        Text("Restore the unit from the package, and put changes into `systemctl edit gate-agent`."),
    ),
    FindingCode.UNIT_NOT_ENABLED: Advice(
        Text("The service does not start with the computer: after a power cut the gate stays down."),
        Text("Run `systemctl enable gate-agent`."),
    ),
    FindingCode.SERVICE_FAILED: Advice(
        Text("The service has failed: {result}."),
        Text("Check `journalctl -u gate-agent -n 50`, fix the cause, then run `systemctl restart gate-agent`."),
    ),
    FindingCode.SERVICE_STOPPED: Advice(Text("The service is not running."), Text("Run `systemctl start gate-agent`.")),
    FindingCode.SERVICE_RESTARTED: Advice(
        Text("The service manager has restarted the agent {count} times."),
        Text("Look for the cause in `journalctl -u gate-agent -p err` and send a support bundle."),
    ),
    FindingCode.VERSION_WAITS: Advice(
        Text("Version {running} is running, version {installed} is installed."),
        Text("Run `systemctl restart gate-agent` when no vehicle is in a lane."),
    ),
    FindingCode.UPDATE_UNDER_WAY: Advice(
        Text("An update to version {version}, ordered by central, is in progress: {stage}."),
        Text(
            "Wait. The update needs a moment without a vehicle. `journalctl -u gate-agent-software` shows its progress."
        ),
    ),
    FindingCode.UPDATE_UNDONE: Advice(
        Text("The update to version {version}, ordered by central, was undone: {why}"),
        Text("Check `journalctl -u gate-agent-software` and fix the cause. Then central must order the update again."),
    ),
    FindingCode.DRIVER_REJECTED: Advice(
        Text("A driver of the package {package} is not used: {trouble}"),
        Text("Contact the author of the package, or remove it. The page about writing a driver says what is expected."),
    ),
    FindingCode.DRIVER_UNUSABLE: Advice(
        Text("A driver of the package {package} cannot be used: {trouble}"),
        Text("Install a version of the package that fits this agent, then restart the service."),
    ),
    FindingCode.WATCHDOG_OFF: Advice(
        Text("The service manager does not watch the agent: if it hangs, it is not restarted."),
        Text("Set WatchdogSec= in the unit as the package ships it."),
    ),
    FindingCode.HARDWARE_WATCHDOG_OFF: Advice(
        Text("The hardware watchdog is not used: if the computer hangs, it is not restarted."),
        Text("Set RuntimeWatchdogSec=30 in /etc/systemd/system.conf and restart the computer."),
    ),
    FindingCode.PART_STALLED: Advice(
        Text("It has made no progress for {time}."),
        Text(
            "The service manager restarts the agent. Send a support bundle: this is a bug in the agent, or a disk or "
            "device that hangs."
        ),
    ),
    FindingCode.PART_FAILED: Advice(
        Text("It has failed and restarts: {trouble}"),
        Text("Send a support bundle: this is a bug in the agent. If it does not recover, restart the service."),
    ),
    FindingCode.PART_RESTARTED: Advice(
        Text("It has failed {count} times since the start and works again."),
        Text("Send a support bundle: this is a bug in the agent."),
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
        Text("The clock is not reliable, so an officer must decide on every vehicle: {why}"),
        Text(
            "Set up a time server (`timedatectl timesync-status`, `chronyc sources`) and check the "
            "battery of the computer's clock."
        ),
    ),
    FindingCode.CLOCK_UNSYNCHRONISED: Advice(
        Text("The clock is not synchronized with a time server now: {why}"),
        Text("Check the network and the time server (`timedatectl timesync-status`, `chronyc sources`)."),
    ),
    FindingCode.CLOCK_INEXACT: Advice(
        Text("The clock may be wrong by {error}."), Text("Use a nearer time server, preferably at the site.")
    ),
    FindingCode.TIME_ZONE_UNKNOWN: Advice(
        Text("The computer has no time zone, so its own logs show UTC."),
        Text("Run `timedatectl set-timezone`, such as Asia/Almaty. Events are in UTC in any case."),
    ),
    FindingCode.DISK_FULL: Advice(
        Text("The disk is full: {free} are free. When no event can be recorded, an officer must decide."),
        Text("Delete files that do not belong to the agent, or lower evidence.max_mb and journal.max_mb."),
    ),
    FindingCode.DISK_LOW: Advice(
        Text("The disk is nearly full: {free} are free."),
        Text("Delete files that do not belong to the agent, or lower evidence.max_mb and journal.max_mb."),
    ),
    FindingCode.INODES_LOW: Advice(
        Text("The disk has room for only {free} more files."),
        Text("Delete small files that do not belong to the agent."),
    ),
    FindingCode.DISK_READ_ONLY: Advice(
        Text("The disk is mounted read-only, probably because the file system found an error."),
        Text("Check `dmesg` and the file system, and replace the disk if it has errors."),
    ),
    FindingCode.DISK_IN_MEMORY: Advice(
        Text("The state is in memory ({file_system}): the next power cut loses every event."),
        Text("Set state.directory to a folder on a disk."),
    ),
    FindingCode.DISK_TOO_SMALL: Advice(
        Text("The settings let journal, pictures and lists grow by {wanted}, but {free} are free."),
        Text("Lower evidence.max_mb, journal.max_mb or lists.max_mb, or use a larger disk."),
    ),
    FindingCode.DISK_WEARS: Advice(
        Text("The state is on a flash card ({device}) that also records each read access, which wears it out."),
        Text("Mount it with noatime, and use an industrial card or a disk."),
    ),
    FindingCode.MEMORY_LOW: Advice(
        Text("Little memory is left: {free}."),
        Text("Use fewer cameras or smaller pictures, stop other programs, or add memory."),
    ),
    FindingCode.LOAD_HIGH: Advice(
        Text("The computer is too busy: {load} tasks wait for {cores} cores."),
        Text("Stop other programs, lower the cameras' frame rate or size, or use a faster computer."),
    ),
    FindingCode.TEMPERATURE_HIGH: Advice(
        Text("The computer is hot: {temperature}."), Text("Clear the air inlets, shade the cabinet, or add a fan.")
    ),
    FindingCode.THROTTLED: Advice(
        Text("The computer had to slow down because of heat or a weak power supply."),
        Text("Check the cooling and the power supply."),
    ),
    FindingCode.ANCHORS_NOT_ADOPTED: Advice(
        Text("The trust anchors are still in the configuration, where a single administrator can change them."),
        Text("Before the first real vehicle run `sudo gate-agent anchors adopt`."),
    ),
    FindingCode.ANCHORS_NOT_SEALABLE: Advice(
        Text("The trust anchors are not sealed, because no one could change them afterwards."),
        Text("Run `sudo gate-agent anchors adopt` again, with --person or --document-key."),
    ),
    FindingCode.ANCHORS_UNUSABLE: Advice(
        Text("The trust anchors cannot be used: {trouble}"),
        Text("Let only root own file and folder, or restore the file from a copy. Until then the gate cannot start."),
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
        Text("Every user of this computer can read the state directory (mode {mode})."),
        Text("Run `chmod 0750` on it."),
    ),
    FindingCode.WITNESS_DISAGREES: Advice(
        Text("A part of the gate's data is lost or is an older copy, so an officer must decide: {cause}"),
        Text(
            "Find out what happened to the disk or who restored a backup. The gate restores automatically what "
            "lists, central and other gates still have. For the rest, an administrator and a second person accept "
            "the loss under Health."
        ),
    ),
    FindingCode.WITNESS_NONE: Advice(
        Text("There is no head file: without it this computer cannot detect an older copy of the state."),
        Text("Set state.head_file to a file outside the state directory, such as `/var/lib/gate-agent-witness/head`."),
    ),
    FindingCode.WITNESS_BAD: Advice(
        Text("The head file is not usable: {trouble}"),
        Text(
            "Check that its folder exists and belongs to the agent's user. The next start recreates a lost or "
            "damaged file. Then an officer must decide until two persons accept that."
        ),
    ),
    FindingCode.JOURNAL_MISSING: Advice(
        Text("There is no journal yet: no agent has run here."),
        Text("Nothing to fix; the first start creates it."),
    ),
    FindingCode.JOURNAL_DAMAGED: Advice(
        Text("The journal is damaged or cannot be read: {trouble}"),
        Text("Restart the agent: it sets the damaged file aside and rescues what it can. Then check the disk."),
    ),
    FindingCode.JOURNAL_FAILING: Advice(
        Text("The journal cannot be written now, so barriers open only on an officer's order."),
        Text("Check the findings on disk and state directory, and the log."),
    ),
    FindingCode.JOURNAL_FILLING: Advice(
        Text(
            "{count} events wait for central, and the journal is {share} full. When it is full, an officer must decide."
        ),
        Text("Restore the connection to central. Until then you can raise journal.max_mb."),
    ),
    FindingCode.JOURNAL_WAITING: Advice(
        Text("{count} events wait for central's acknowledgement, the oldest for {age}."),
        Text("See the findings on brokers. If the brokers are OK, ask central whether its consumer is running."),
    ),
    FindingCode.ACKS_UNSIGNED: Advice(
        Text(
            "Acknowledgements are not signed: anyone who can write to the broker can make this gate forget events "
            "that central does not have."
        ),
        Text("Let central sign them, and put the public half of its key into mqtt.ack_keys (docs/delivery.md)."),
    ),
    FindingCode.GATE_KEY_MISSING: Advice(
        Text("The gate has no key of its own yet."), Text("Nothing to fix; the first start creates the key.")
    ),
    FindingCode.GATE_KEY_BAD: Advice(
        Text("The gate's key cannot be used: {trouble}"),
        Text(
            "Follow the message. After a new key, give the output of `gate-agent events key` to central and to the "
            "other gates of the site."
        ),
    ),
    FindingCode.GATE_KEY_UNKNOWN: Advice(
        Text(
            "The other gates of the site do not know this gate's key. This gate works without them and decides by "
            "site.partition_policy."
        ),
        Text("Add {key} to site.gates at every gate of the site, and restart the gates one after the other."),
    ),
    FindingCode.CERTIFICATE_UNUSABLE: Advice(
        Text("The file cannot be used: {trouble}"),
        Text("Put a valid PEM file there that the agent's user can read, and reload."),
    ),
    FindingCode.CERTIFICATE_EXPIRED: Advice(
        Text("The certificate expired on {date}."),
        Text("Get a new certificate, replace the file, and reload the agent."),
    ),
    FindingCode.CERTIFICATE_EARLY: Advice(
        Text("The certificate is not valid before {date}."),
        Text("Check the clock of this gate. If it is right, get another certificate."),
    ),
    FindingCode.CERTIFICATE_EXPIRES: Advice(
        Text("The certificate expires in {left}, on {date}."), Text("Get a new certificate in time.")
    ),
    FindingCode.CERTIFICATE_NOT_RENEWED: Advice(
        Text("The certificate should have been renewed on {due} and ends on {date}: {trouble}"),
        Text(
            "Check the EST server and the network to it. The gate retries automatically. See the page about enrolment."
        ),
    ),
    FindingCode.CERTIFICATE_OTHER_NAME: Advice(
        Text("The certificate is for {name}, but this gate is {expected}."),
        Text("Get a certificate with the CN {expected}, or fix gate.id."),
    ),
    FindingCode.PRIVATE_KEY_OPEN: Advice(
        Text("Other users of this computer can read or change the private key (mode {mode})."),
        Text("Run `chmod 0640` on it."),
    ),
    FindingCode.MODEL_BAD: Advice(
        Text("The model files are not the ones that were shipped: {trouble}"),
        Text("Install the package again. Until then no plate is read."),
    ),
    FindingCode.BROKER_NONE: Advice(
        Text("No broker is configured: events stay in the journal and do not reach central."),
        Text("Set mqtt.brokers and mqtt.enabled, unless this is intended."),
    ),
    FindingCode.BROKER_UNREACHABLE: Advice(
        Text("The broker cannot be used: {trouble}"),
        Text("Follow the message. Then check cable, firewall, certificates and the broker's own log."),
    ),
    FindingCode.BROKER_TAKES_NOTHING: Advice(
        Text("The broker rejects what this gate publishes: {trouble}"),
        Text("Allow the gate to write gate/v1/ID/#, as in config/mosquitto/gates.acl."),
    ),
    FindingCode.BROKER_GIVES_NOTHING: Advice(
        Text("This gate does not receive its acknowledgements and commands: {trouble}"),
        Text("Allow the gate to read gate/v1/ID/ack and gate/v1/ID/cmd/#, as in config/mosquitto/gates.acl."),
    ),
    FindingCode.BROKER_SLOW: Advice(
        Text("The broker is slow: an answer took {time}."), Text("Check the network and the load of the broker.")
    ),
    FindingCode.BROKER_IN_CLEAR: Advice(
        Text("The connection to this broker is not encrypted."),
        Text("Use mqtts:// with certificates, unless the broker runs on this computer."),
    ),
    FindingCode.SITE_GATE_UNHEARD: Advice(
        Text("This gate and {gate} cannot reach each other: each decides by site.partition_policy."),
        Text(
            "Check whether {gate} is running. Then check its connection to the broker of the site, and this "
            "gate's connection."
        ),
    ),
    FindingCode.SITE_GATE_OTHER_VERSION: Advice(
        Text(
            "{gate} uses version {theirs} of the messages between gates, and this gate uses version "
            "{ours}. They do not ask each other; each decides by site.partition_policy."
        ),
        Text("Install the same version of gate-agent at all gates of the site."),
    ),
    FindingCode.SITE_GATES_DIFFER: Advice(
        Text("{gate} has another list of the site's gates than this gate: they do not ask each other."),
        Text("Make `[[site.gates]]` the same at all gates of the site and restart them one after the other."),
    ),
    FindingCode.LISTS_UNREADABLE: Advice(
        Text("The lists cannot be read: {trouble}"),
        Text("Restart the agent: it replaces damaged lists with empty ones and gets them again from central."),
    ),
    FindingCode.TRUST_LIST_MISSING: Advice(
        Text("There is no trust list, so permits cannot be verified."),
        Text("Set permits.trust_list, or have central publish the list."),
    ),
    FindingCode.TRUST_LIST_EXPIRED: Advice(
        Text("The trust list expired {age} ago."),
        Text("Sign a new trust list with `gate-agent permit renew` and publish it."),
    ),
    FindingCode.TRUST_LIST_EXPIRES: Advice(
        Text("The trust list expires in {left}, on {date}."),
        Text("Sign a new trust list with `gate-agent permit renew` and publish it."),
    ),
    FindingCode.LIST_MISSING: Advice(
        Text("The gate requires this list and has never received it."),
        Text("Ask central to publish it, or import it from a stick: `gate-agent lists import`."),
    ),
    FindingCode.LIST_OLD: Advice(
        Text("The last update of this list is {age} old."),
        Text("See the findings on brokers; or `gate-agent lists import`."),
    ),
    FindingCode.LIST_TOO_OLD: Advice(
        Text("The last update of this list is {age} old, so an officer must decide."),
        Text("See the findings on brokers; or `gate-agent lists import`."),
    ),
    FindingCode.LIST_NOT_REQUIRED: Advice(
        Text("This list is not required: while it is missing, revoked permits pass."),
        Text('Add "revocations" to lists.require, and make sure that central publishes the list.'),
    ),
    FindingCode.PORT_MISSING: Advice(
        Text("There is no such device ({used_by})."),
        Text("Plug it in, and check cable and power. `gate-agent relay list` shows all devices with their names."),
    ),
    FindingCode.PORT_FORBIDDEN: Advice(
        Text("The user {user} may not open it; the group {group} may."),
        Text("Run `usermod -aG {group} {user}` and restart the agent."),
    ),
    FindingCode.PORT_GROUP_HIDDEN: Advice(
        Text("The user {user} may not open it. The service cannot see which group may."),
        Text(
            "Find the group with `ls -lL {path}`, run `usermod -aG GROUP {user}` with that group, and restart the "
            "agent."
        ),
    ),
    FindingCode.PORT_BARRED: Advice(
        Text("The service manager blocks all devices of the kind {kind} for the agent."),
        Text(
            "Run `systemctl restart gate-agent`. If that does not help, run `systemctl edit gate-agent`, add the two "
            "lines `[Service]` and `DeviceAllow=char-{kind} rw`, and restart again."
        ),
    ),
    FindingCode.PORT_HELD: Advice(
        Text("Another program has it open: {holders}."),
        Text("Stop that program and make sure that it does not start again."),
    ),
    FindingCode.PORT_NAME_CHANGES: Advice(
        Text("After a restart this name can belong to another device."), Text("Use {better} instead: {why}.")
    ),
    FindingCode.CAMERA_LOST: Advice(
        Text("The camera does not deliver: {trouble}"),
        Text("Check its power, cable and address, and the user and password in its URL."),
    ),
    FindingCode.CAMERA_MISCONFIGURED: Advice(
        Text("The settings of the camera are invalid: {trouble}"), Text("Fix its table in the configuration.")
    ),
    FindingCode.CAMERA_STALE: Advice(
        Text("The camera sends no pictures: {trouble}"), Text("Check the network; restart the camera.")
    ),
    FindingCode.CAMERA_FROZEN: Advice(
        Text("The camera sends the same picture again and again."), Text("Restart the camera; update its firmware.")
    ),
    FindingCode.CAMERA_SLOW: Advice(
        Text("The camera sends only {rate}."),
        Text("Set 15 to 25 fps in the camera's own pages, and check the network."),
    ),
    FindingCode.CAMERA_OVERLOADED: Advice(
        Text("The computer cannot keep up with this camera."),
        Text("Lower the size or the frame rate in the camera's own pages, or use a faster computer."),
    ),
    FindingCode.CAMERA_RESTARTED: Advice(
        Text("The process of this camera was restarted {count} times."),
        Text("Look for the cause in the log and send a support bundle."),
    ),
    FindingCode.CAMERA_UNCONFINED: Advice(
        Text("The sandbox of this camera's process is incomplete: {missing}"),
        Text("Use Debian 13, whose kernel supports all of it, and install libseccomp2."),
    ),
    FindingCode.SECOND_READING_LOST: Advice(
        Text("The process for the second reading of pictures is missing: {trouble}"),
        Text(
            "Until it is fixed, an officer must open for every vehicle. Find the cause in the log, then "
            "restart the service."
        ),
    ),
    FindingCode.SECOND_READING_UNCONFINED: Advice(
        Text("The sandbox of the second reading is incomplete: {missing}"),
        Text("Use Debian 13, whose kernel supports all of it, and install libseccomp2."),
    ),
    FindingCode.RELAY_LOST: Advice(
        Text("The relay board does not answer: {trouble}"),
        Text("Check its power, cable and port. `gate-agent relay list --identify` shows which board is on which port."),
    ),
    FindingCode.RELAY_SLOW: Advice(
        Text("The relay board takes {time} to answer."),
        Text("Raise its baud rate, shorten the cable, or put fewer boards on the line."),
    ),
    FindingCode.RELAY_ENERGISED: Advice(
        Text("Relays are on while no agent is running: {channels}."),
        Text("Run `gate-agent release`, and make sure that no other program uses the board."),
    ),
    FindingCode.INPUTS_LOST: Advice(
        Text("The board of the inputs does not answer: {trouble}"), Text("Check its power, cable and port.")
    ),
    FindingCode.INPUTS_UNKNOWN: Advice(
        Text("Signals are unknown: {signals}. Without them the lane neither opens nor closes."),
        Text("Check the wiring of these inputs with `gate-agent relay inputs`."),
    ),
    FindingCode.LANE_BLIND: Advice(
        Text(
            "The lane is blind: no loop detects vehicles. Passages are assumed, and only the readers detect arrivals."
        ),
        Text(
            "Wire the loops ([lanes.NAME.inputs] and [lanes.NAME.signals]). If that is impossible, require two "
            "cameras ([lanes.NAME.rules] require_two_cameras)."
        ),
    ),
    FindingCode.SCANNER_LOST: Advice(
        Text("The scanner cannot be reached: {trouble}"),
        Text("Check its cable and port, and that it is in serial mode."),
    ),
    FindingCode.SCANNER_NOISY: Advice(
        Text("The scanner sends incomplete texts: {trouble}"), Text("Check baud rate, suffix and cable.")
    ),
    FindingCode.SIGN_LOST: Advice(
        Text("The sign cannot be reached, so drivers do not see what to do: {trouble}"),
        Text("Check its power, cable and address; then `gate-agent sign test`."),
    ),
    FindingCode.VOICE_LOST: Advice(
        Text("The sound device does not work, so the lane is silent: {trouble}"),
        Text("Check its cable and its name ([lanes.NAME.voice] device); then `gate-agent voice test`."),
    ),
    FindingCode.CHECK_HANGS: Advice(
        Text("The check did not finish within {time}: a device or a file system hangs."),
        Text("Check cable and power of the device, and `dmesg`."),
    ),
    FindingCode.CHECK_FAILED: Advice(
        Text("The check itself failed: {trouble}"), Text("Send a support bundle: this is a bug in the agent.")
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
