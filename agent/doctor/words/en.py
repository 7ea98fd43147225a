"""English."""

from __future__ import annotations

from agent.core.wording.words import Advice
from agent.doctor.codes import Check, Code, Severity
from agent.doctor.words.form import Words

WORDS = Words(
    by_agent="the running agent says",
    by_doctor="no agent runs here; looked at without one",
    severities={Severity.OK: "well", Severity.NOTE: "note", Severity.WARNING: "warning", Severity.ERROR: "error"},
    titles={
        Check.CONFIGURATION: "Configuration",
        Check.SERVICE: "Service",
        Check.VERSIONS: "Version",
        Check.WATCHDOG: "Watchdog",
        Check.PARTS: "Parts of the agent",
        Check.CLOCK: "Clock",
        Check.TIME_ZONE: "Time zone",
        Check.DISK: "Disk",
        Check.MEMORY: "Memory",
        Check.PROCESSOR: "Processor",
        Check.STATE: "State directory",
        Check.JOURNAL: "Journal",
        Check.GATE_KEY: "Key of the gate",
        Check.CERTIFICATES: "Certificates",
        Check.MODELS: "Networks of the plate reader",
        Check.BROKERS: "Brokers",
        Check.LISTS: "Lists",
        Check.PORTS: "Ports",
        Check.CAMERAS: "Cameras",
        Check.RELAYS: "Relay boards",
        Check.INPUTS: "Inputs",
        Check.SCANNERS: "Scanners",
    },
    findings={
        Code.CONFIGURATION_REFUSED: Advice(
            "The configuration on the disk cannot be used: {problem}",
            "Mend that line and run `gate-agent config check`. Until then the gate runs with the last good one.",
        ),
        Code.CONFIGURATION_DOUBTFUL: Advice(
            "The configuration can be used, but: {problem}", "Change it, unless it is meant so."
        ),
        Code.CONFIGURATION_WAITS: Advice(
            "The configuration on the disk is not the one that runs.",
            "Run `systemctl reload gate-agent`; it is taken once no vehicle is under way.",
        ),
        Code.UNIT_MISSING: Advice(
            "The agent is not installed as a service here.",
            "On a gate install the package, or the unit gate-agent.service: only so is the agent started again after a failure.",
        ),
        Code.UNIT_FAULTY: Advice(
            "The service manager complains of the unit: {text}",
            "Restore the unit from the package, and put changes into `systemctl edit gate-agent`.",
        ),
        Code.UNIT_NOT_ENABLED: Advice(
            "The service does not start with the machine: after a power cut the gate stays down.",
            "Run `systemctl enable gate-agent`.",
        ),
        Code.SERVICE_FAILED: Advice(
            "The service has failed: {result}.",
            "Look at `journalctl -u gate-agent -n 50`, mend the cause, then run `systemctl restart gate-agent`.",
        ),
        Code.SERVICE_STOPPED: Advice("The service does not run.", "Run `systemctl start gate-agent`."),
        Code.SERVICE_RESTARTED: Advice(
            "The service manager had to start the agent again {count} times.",
            "Look for the cause in `journalctl -u gate-agent -p err` and send a support bundle.",
        ),
        Code.VERSION_WAITS: Advice(
            "Version {running} runs, version {installed} is installed.",
            "Run `systemctl restart gate-agent` when no vehicle is under way.",
        ),
        Code.WATCHDOG_OFF: Advice(
            "The service manager does not watch the agent: one that hangs would not be started again.",
            "Set WatchdogSec= in the unit as the package ships it.",
        ),
        Code.HARDWARE_WATCHDOG_OFF: Advice(
            "The watchdog of the machine is not used: a machine that hangs stays so.",
            "Set RuntimeWatchdogSec=30 in /etc/systemd/system.conf and start the machine anew.",
        ),
        Code.PART_STALLED: Advice(
            "It has made no progress for {time}.",
            "The service manager starts the agent again. Send a support bundle: this is a mistake in the agent, or a disk or device that hangs.",
        ),
        Code.PART_FAILED: Advice(
            "It has failed and begins again: {trouble}",
            "Send a support bundle: this is a mistake in the agent. If it does not recover, restart the service.",
        ),
        Code.PART_RESTARTED: Advice(
            "It has failed {count} times since the start and works again.",
            "Send a support bundle: this is a mistake in the agent.",
        ),
        Code.CLOCK_UNTRUSTED: Advice(
            "The clock cannot be trusted, so that an officer must decide on every vehicle: {why}",
            "Set up a time server (`timedatectl timesync-status`, `chronyc sources`) and check the machine's battery.",
        ),
        Code.CLOCK_UNSYNCHRONISED: Advice(
            "No time server keeps the clock now: {why}",
            "Check the network and the time server (`timedatectl timesync-status`, `chronyc sources`).",
        ),
        Code.CLOCK_INEXACT: Advice(
            "The clock may be wrong by {error}.", "Use a time server that is nearer, best one at the site."
        ),
        Code.TIME_ZONE_UNKNOWN: Advice(
            "The machine has no time zone, so that its own logs show UTC.",
            "Run `timedatectl set-timezone`, such as Asia/Almaty. Events are in UTC in any case.",
        ),
        Code.DISK_FULL: Advice(
            "The disk is full: {free} are free. An officer must decide once no event can be recorded.",
            "Delete what is not the agent's, or lower evidence.max_mb and journal.max_mb.",
        ),
        Code.DISK_LOW: Advice(
            "The disk is nearly full: {free} are free.",
            "Delete what is not the agent's, or lower evidence.max_mb and journal.max_mb.",
        ),
        Code.INODES_LOW: Advice(
            "The disk can take only {free} more files.", "Delete many small files that are not the agent's."
        ),
        Code.DISK_READ_ONLY: Advice(
            "The disk is mounted read-only, which a file system does that found an error.",
            "Look at `dmesg`, check the file system, and replace the disk where it has errors.",
        ),
        Code.DISK_IN_MEMORY: Advice(
            "The state lies in memory ({file_system}): every event is lost with the next power cut.",
            "Set state.directory to a folder on a disk.",
        ),
        Code.DISK_TOO_SMALL: Advice(
            "The settings let journal, pictures and lists grow by {wanted}, but {free} are free.",
            "Lower evidence.max_mb, journal.max_mb or lists.max_mb, or use a larger disk.",
        ),
        Code.DISK_WEARS: Advice(
            "The state lies on a flash card ({device}) that also notes each reading, which wears it out.",
            "Mount it with noatime, and use a card made for industry, or a disk.",
        ),
        Code.MEMORY_LOW: Advice(
            "Little memory is left: {free}.", "Use fewer or smaller cameras, end other programs, or add memory."
        ),
        Code.LOAD_HIGH: Advice(
            "The machine is too busy: {load} tasks wait on {cores} cores.",
            "End other programs, lower the cameras' frame rate or size, or use a faster machine.",
        ),
        Code.TEMPERATURE_HIGH: Advice(
            "The machine is hot: {temperature}.", "Clear the air inlets, shade the cabinet, or add a fan."
        ),
        Code.THROTTLED: Advice(
            "The machine had to slow down, because of heat or too weak a power supply.",
            "Check the cooling and the power supply.",
        ),
        Code.STATE_MISSING: Advice(
            "There is no state directory yet: no agent has run here.",
            "Nothing needs mending; its first start makes it.",
        ),
        Code.STATE_FORBIDDEN: Advice(
            "The user {user} may not write the state directory.",
            "Run `chown -R gate-agent: /var/lib/gate-agent`, or set state.directory to a folder that it may write.",
        ),
        Code.STATE_OPEN: Advice(
            "Everybody on this machine may look into the state directory (mode {mode}).", "Run `chmod 0750` on it."
        ),
        Code.JOURNAL_MISSING: Advice(
            "There is no journal yet: no agent has run here.", "Nothing needs mending; its first start makes it."
        ),
        Code.JOURNAL_DAMAGED: Advice(
            "The journal is damaged or cannot be read: {trouble}",
            "Restart the agent: it keeps the damaged file aside, saves what can be saved and says so. Then check the disk.",
        ),
        Code.JOURNAL_FAILING: Advice(
            "The journal cannot be written now, so that no barrier is raised without an officer.",
            "See the findings on disk and state directory, and the log.",
        ),
        Code.JOURNAL_FILLING: Advice(
            "{count} events wait for central, and the journal is {share} full; once full, an officer must decide.",
            "Mend the way to central. Until then you may raise journal.max_mb.",
        ),
        Code.JOURNAL_WAITING: Advice(
            "{count} events wait for central's acknowledgement, the oldest for {age}.",
            "See the findings on brokers; where they are well, ask central whether its consumer runs.",
        ),
        Code.GATE_KEY_MISSING: Advice(
            "The gate has no key of its own yet.", "Nothing needs mending; the first start makes it."
        ),
        Code.GATE_KEY_BAD: Advice(
            "The gate's key cannot be used: {trouble}",
            "Do as it says; after a new key give `gate-agent events key` to central and to the other gates of the site.",
        ),
        Code.CERTIFICATE_UNUSABLE: Advice(
            "The file cannot be used: {trouble}",
            "Put a good PEM file there that the agent's user may read, and reload.",
        ),
        Code.CERTIFICATE_EXPIRED: Advice(
            "The certificate expired on {date}.", "Get a new one, put it in its place, and reload the agent."
        ),
        Code.CERTIFICATE_EARLY: Advice(
            "The certificate holds only from {date}.", "Check the clock of this gate; if it is right, get another one."
        ),
        Code.CERTIFICATE_EXPIRES: Advice("The certificate expires in {left}, on {date}.", "Get a new one in time."),
        Code.CERTIFICATE_OTHER_NAME: Advice(
            "The certificate is for {name}, but this gate is {expected}.",
            "Get one with the CN {expected}, or set gate.id right.",
        ),
        Code.PRIVATE_KEY_OPEN: Advice(
            "Others on this machine may read or change the private key (mode {mode}).", "Run `chmod 0640` on it."
        ),
        Code.MODEL_BAD: Advice(
            "The weights are not those that were measured: {trouble}",
            "Install the package anew. Until then no plate is read.",
        ),
        Code.BROKER_NONE: Advice(
            "No broker is set: events stay in the journal, and nobody hears of them.",
            "Set mqtt.brokers and mqtt.enabled, unless it is meant so.",
        ),
        Code.BROKER_UNREACHABLE: Advice(
            "The broker cannot be used: {trouble}",
            "Do as it says; then look at cable, firewall, certificates and the broker's own log.",
        ),
        Code.BROKER_TAKES_NOTHING: Advice(
            "The broker takes nothing that this gate publishes: {trouble}",
            "Let the gate write gate/v1/ID/# as config/mosquitto/gates.acl shows.",
        ),
        Code.BROKER_GIVES_NOTHING: Advice(
            "The broker does not give this gate its acknowledgements and commands: {trouble}",
            "Let the gate read gate/v1/ID/ack and gate/v1/ID/cmd/# as config/mosquitto/gates.acl shows.",
        ),
        Code.BROKER_SLOW: Advice(
            "The broker is slow: an answer took {time}.", "Look at the network and at the load of the broker."
        ),
        Code.BROKER_IN_CLEAR: Advice(
            "Nothing is encrypted on the way to this broker.",
            "Use mqtts:// with certificates, unless it is this machine.",
        ),
        Code.LISTS_UNREADABLE: Advice(
            "The lists cannot be read: {trouble}",
            "Restart the agent: it begins damaged lists anew and gets them from central again.",
        ),
        Code.TRUST_LIST_MISSING: Advice(
            "There is no trust list, so that no permit can be verified.",
            "Set permits.trust_list, or have central publish the list.",
        ),
        Code.TRUST_LIST_EXPIRED: Advice(
            "The trust list ended {age} ago.", "Have a new one signed with `gate-agent permit renew` and published."
        ),
        Code.TRUST_LIST_EXPIRES: Advice(
            "The trust list ends in {left}.", "Have a new one signed with `gate-agent permit renew` and published."
        ),
        Code.LIST_MISSING: Advice(
            "The gate needs this list and never got it.",
            "Have central publish it, or bring it on a stick: `gate-agent lists import`.",
        ),
        Code.LIST_OLD: Advice(
            "Central's last word on this list is {age} old.",
            "See the findings on brokers; or `gate-agent lists import`.",
        ),
        Code.LIST_TOO_OLD: Advice(
            "Central's last word on this list is {age} old, so that an officer must decide.",
            "See the findings on brokers; or `gate-agent lists import`.",
        ),
        Code.PORT_MISSING: Advice(
            "There is no such device ({used_by}).",
            "Plug it in, and check cable and power; `gate-agent relay list` shows what is there under which name.",
        ),
        Code.PORT_FORBIDDEN: Advice(
            "The user {user} may not open it; the group {group} may.",
            "Run `usermod -aG {group} {user}` and restart the agent.",
        ),
        Code.PORT_GROUP_HIDDEN: Advice(
            "The user {user} may not open it; which group may cannot be seen from within the service.",
            "See the group with `ls -lL {path}`, run `usermod -aG GROUP {user}` with its name for GROUP, and restart the agent.",
        ),
        Code.PORT_BARRED: Advice(
            "The service manager keeps all devices of the kind {kind} from the agent.",
            "Run `systemctl restart gate-agent`. Where that does not help, run `systemctl edit gate-agent`, write the two lines "
            "`[Service]` and `DeviceAllow=char-{kind} rw`, and restart again.",
        ),
        Code.PORT_HELD: Advice(
            "Another program has it open: {holders}.", "End that program and see to it that it does not start again."
        ),
        Code.PORT_NAME_CHANGES: Advice(
            "This name may lead to another device after a restart.", "Write {better} instead: {why}."
        ),
        Code.CAMERA_LOST: Advice(
            "The camera does not deliver: {trouble}",
            "Check its power, cable and address, and the user and password in its URL.",
        ),
        Code.CAMERA_MISCONFIGURED: Advice(
            "The camera cannot work as it is set: {trouble}", "Mend its table in the configuration."
        ),
        Code.CAMERA_STALE: Advice("No picture comes any more: {trouble}", "Check the network; restart the camera."),
        Code.CAMERA_FROZEN: Advice(
            "The camera sends the same picture again and again.", "Restart the camera; update its firmware."
        ),
        Code.CAMERA_SLOW: Advice(
            "Only {rate} come from the camera.", "Set 15 to 25 pictures a second in its own pages; check the network."
        ),
        Code.CAMERA_OVERLOADED: Advice(
            "The machine cannot keep up with this camera.",
            "Lower the size or the frame rate in the camera's own pages, or use a faster machine.",
        ),
        Code.CAMERA_RESTARTED: Advice(
            "The process of this camera had to be started again {count} times.",
            "Look for the cause in the log and send a support bundle.",
        ),
        Code.CAMERA_UNCONFINED: Advice(
            "The process of this camera is not confined in everything: {missing}",
            "Use Debian 13, whose kernel can do all of it, and install libseccomp2.",
        ),
        Code.RELAY_LOST: Advice(
            "The relay board does not answer: {trouble}",
            "Check its power, cable and port; `gate-agent relay list --identify` says what is where.",
        ),
        Code.RELAY_SLOW: Advice(
            "The relay board takes {time} to answer.",
            "Raise its baud rate, shorten the cable, or put fewer boards on the line.",
        ),
        Code.RELAY_ENERGISED: Advice(
            "Relays are on while no agent runs: {channels}.",
            "Run `gate-agent release`; see to it that no other program moves the board.",
        ),
        Code.INPUTS_LOST: Advice(
            "The board of the inputs does not answer: {trouble}", "Check its power, cable and port."
        ),
        Code.INPUTS_UNKNOWN: Advice(
            "Signals are not known: {signals}. The lane does not close and does not open while it cannot feel.",
            "Check the wiring of these inputs with `gate-agent relay inputs`.",
        ),
        Code.LANE_BLIND: Advice(
            "The lane has no inputs: passages are not seen but assumed.",
            "Wire the loops where you can ([lanes.NAME.inputs] and [lanes.NAME.signals]).",
        ),
        Code.SCANNER_LOST: Advice(
            "The scanner cannot be reached: {trouble}", "Check its cable and port, and that it is in serial mode."
        ),
        Code.SCANNER_NOISY: Advice(
            "The scanner sends what is no whole text: {trouble}", "Check baud rate, suffix and cable."
        ),
        Code.CHECK_HANGS: Advice(
            "The check did not end within {time}: a device or a file system hangs.",
            "Look at the cable and power of what is checked, and at `dmesg`.",
        ),
        Code.CHECK_FAILED: Advice(
            "The check itself failed: {trouble}", "Send a support bundle: this is a mistake in the agent."
        ),
    },
)
