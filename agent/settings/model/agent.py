"""The settings of the agent: every key, its limits and what it means."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr

from agent.core.events import LET_PASS, REFUSE
from agent.core.fleet import DocumentKind
from agent.core.model import CommandName, ListKind, Outcome
from agent.core.notices import NoticeKind
from agent.i18n import Language
from agent.settings.model.lane import Lane, Table
from agent.settings.model.values import (
    Address,
    BrokerUrl,
    EstUrl,
    GateId,
    HostName,
    MailAddress,
    Name,
    PassReason,
    QuietTimes,
    RefusalReason,
    RepositoryUrl,
    RootKey,
    UploadHost,
    WebhookSecret,
    WebhookUrl,
)

EXAMPLE_ROOT_KEY = "e42f822c916cb9d453846d4247d280fbaea1f4ee7a761418b60f219711f431e3"
"""The root key in the shipped gate.toml. Its private half was never kept, so it verifies nothing."""


class Gate(Table):
    """Which gate this is."""

    id: GateId = Field(description="Name of the gate; the CN of its client certificate and a part of its MQTT topics.")
    site: int = Field(ge=1, le=2**32 - 1, description="Number of the site; permits name it.")


class State(Table):
    """Where the agent keeps its data."""

    directory: Path = Field(
        default=Path("/var/lib/gate-agent"), description="Directory of the journal, the evidence and the synced lists."
    )
    head_file: Path | None = Field(
        default=None,
        description="File outside that directory with the signed head of the journal, by which an older copy of the "
        "directory is detected. Without it, only central and the other gates can detect an older copy.",
    )


class Permits(Table):
    """How permits are verified."""

    root_keys: tuple[RootKey, ...] = Field(
        min_length=1,
        max_length=2,
        description="Ed25519 public keys, in hex, that verify the trust list. Two while the key changes.",
    )
    trust_list: Path | None = Field(
        default=None, description="File with the signed trust list; without it the list comes over MQTT."
    )
    clock_skew_s: int = Field(
        default=60, ge=0, le=3600, description="Tolerance between a permit's times and this clock, in seconds."
    )
    max_text: int = Field(
        default=700, ge=64, le=2953, description="Maximum length of a QR text, in bytes. Longer texts are ignored."
    )
    forms: tuple[Literal["signed", "reference", "jws"], ...] = Field(
        default=("signed",),
        min_length=1,
        description="Forms of permits that are accepted: GP1 codes, GPR references to declarations, "
        "JSON Web Signatures.",
    )


class Lists(Table):
    """The signed lists that central keeps up to date at the site: declarations, revocations, the watch list."""

    require: tuple[ListKind, ...] = Field(
        default=(),
        description="Lists that the gate needs: while one of them is missing, an officer decides. The gate uses "
        "other lists if it has them; they also age.",
    )
    fresh_s: int = Field(
        default=900,
        ge=10,
        le=604_800,
        description="Seconds after the last update from central during which the lists count as fresh.",
    )
    stale_ok_s: int = Field(
        default=14_400,
        ge=10,
        le=604_800,
        description="Seconds after the last update from central during which all permits may pass.",
    )
    known_only_s: int = Field(
        default=86_400,
        ge=10,
        le=2_592_000,
        description="Seconds after the last update from central during which permits with a declaration at the gate "
        "may pass.",
    )
    max_mb: int = Field(default=1024, ge=16, le=65_536, description="Maximum size of all lists on disk.")


class ClockRules(Table):
    """How reliable the computer's clock must be."""

    require_synchronised: bool = Field(
        default=True, description="Do not decide on permits while the clock is not reliable: an officer must decide."
    )
    max_error_s: float = Field(
        default=60.0,
        ge=1,
        le=3600,
        description="Maximum error of a clock without a time server that still counts as reliable, in seconds.",
    )
    drift_ppm: float = Field(
        default=200.0, ge=1, le=5000, description="Maximum drift of such a clock, in microseconds per second."
    )
    rtc_holdover_hours: int = Field(
        default=0,
        ge=0,
        le=720,
        description="Hours since the last answer of a time server for which the clock still counts as reliable after "
        "the computer restarts. Use it only with a battery-backed clock.",
    )


class AckKey(Table):
    """A key by which central signs that it has stored events."""

    id: Name = Field(description="Name of the key, as central's acknowledgements give it.")
    public_key: RootKey = Field(description="Ed25519 public key, in hex.")


class Mqtt(Table):
    """The connection to the central broker."""

    enabled: bool = Field(default=True, description="Connect to a broker. If false, events stay in the journal.")
    brokers: tuple[BrokerUrl, ...] = Field(
        default=(),
        max_length=16,
        description="URLs of the brokers, mqtts://HOST:PORT; each gate tries them in its own order.",
    )
    username: str | None = Field(default=None, min_length=1, description="User name at the broker.")
    password: SecretStr | None = Field(
        default=None,
        description="Password at the broker. Keep it in the credential mqtt.password rather than in a file.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="Certificates of the authorities that may sign the broker's certificate. Without it, those of "
        "the system.",
    )
    certificate_file: Path | None = Field(default=None, description="The gate's client certificate; CN = gate.id.")
    key_file: Path | None = Field(default=None, description="The private key of the client certificate.")
    ack_mode: Literal["watermark", "puback"] = Field(
        default="watermark",
        description='When an event counts as delivered: when central says so ("watermark") or when the broker has it.',
    )
    ack_keys: tuple[AckKey, ...] = Field(
        default=(),
        max_length=8,
        description="Keys with which central signs its acknowledgements. Without keys anyone who can write to the "
        "broker can make the gate forget events.",
    )
    unsigned_acks: bool = Field(
        default=False,
        description="Also accept unsigned acknowledgements although there are keys. Use it only until central signs "
        "all of them.",
    )
    keepalive_s: int = Field(default=15, ge=5, le=1200, description="Seconds between keepalive messages to the broker.")
    window: int = Field(default=100, ge=1, le=1000, description="Maximum number of events in transit.")
    heartbeat_s: int = Field(default=30, ge=5, le=3600, description="Seconds between status messages.")
    resend_s: float = Field(
        default=30.0,
        ge=1,
        le=3600,
        description="Seconds without an acknowledgement until the oldest event is sent again, before the gate has "
        "measured how long central takes.",
    )
    resend_min_s: float = Field(
        default=10.0,
        ge=1,
        le=3600,
        description="Minimum of this time, after the gate has measured how long central takes.",
    )
    resend_max_s: float = Field(
        default=300.0,
        ge=1,
        le=86_400,
        description="Maximum of this time, after the gate has measured how long central takes.",
    )
    start_spread_s: float = Field(
        default=5.0,
        ge=0,
        le=600,
        description="Seconds over which the first connections of gates are spread after a start.",
    )


class Enrolment(Table):
    """The server that renews the gate's client certificates."""

    url: EstUrl | None = Field(
        default=None,
        description="The EST server (RFC 7030), https://HOST:PORT, that renews the client certificates of mqtt and "
        "site after two thirds of their life. Without a server they are not renewed.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="Certificates of the authorities that may sign the server's certificate. Without it, those of "
        "the system.",
    )


class Journal(Table):
    """The journal of events."""

    max_mb: int = Field(default=2048, ge=16, le=1_048_576, description="Maximum size of the journal on disk.")
    keep_acknowledged_days: int = Field(default=30, ge=0, le=3650, description="How long delivered events are kept.")
    checkpoint_s: int = Field(
        default=300, ge=5, le=86_400, description="Time between two signatures of the gate for its recorded events."
    )


class Evidence(Table):
    """The pictures kept as evidence."""

    max_mb: int = Field(
        default=4096, ge=0, le=1_048_576, description="Maximum size of all pictures. The oldest are deleted first."
    )
    keep_passed_hours: int = Field(
        default=72, ge=0, le=87_600, description="How long the pictures of vehicles that passed normally are kept."
    )
    keep_hours: int = Field(default=720, ge=1, le=87_600, description="How long all other pictures are kept.")
    send: tuple[Outcome, ...] = Field(
        default=(), description="Outcomes whose pictures are always sent to central. Others are sent when central asks."
    )


class Uploads(Table):
    """Uploads of pictures and support bundles to object storage, with URLs that central signs."""

    hosts: tuple[UploadHost, ...] = Field(
        default=(),
        max_length=8,
        description="HOST or HOST:PORT of the stores to which the gate may upload. It uploads to no other store, "
        "even with a signed URL. Without a store, pictures and bundles go over MQTT.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="Certificates of the authorities that may sign a store's certificate. Without it, those of the "
        "system.",
    )
    max_mb: int = Field(default=64, ge=1, le=1024, description="Maximum size of a picture or bundle that is uploaded.")
    deadline_s: int = Field(default=120, ge=5, le=3600, description="Maximum time for one upload.")
    fallback_s: int = Field(
        default=900,
        ge=0,
        le=604_800,
        description="How long a picture or bundle waits for the store before it goes over MQTT. 0: it waits as long "
        "as it is kept.",
    )


class Notifications(Table):
    """Which notices people get, and how often."""

    language: Language = Field(default=Language.EN, description="Language of the messages: en, zh, ru or kk.")
    browser: bool = Field(default=True, description="Show notices in open pages of the console.")
    browser_kinds: tuple[NoticeKind, ...] = Field(
        default=tuple(NoticeKind), max_length=16, description="The kinds of notices that open pages show."
    )
    break_through: tuple[NoticeKind, ...] = Field(
        default=(NoticeKind.TRUST_STATE,),
        max_length=16,
        description="The kinds of notices that are also sent in quiet hours.",
    )
    device_s: int = Field(
        default=60, ge=0, le=86_400, description="How long a device must be lost before a notice says so."
    )
    officer_s: int = Field(
        default=300, ge=0, le=86_400, description="How long a vehicle waits for an officer before a notice says so."
    )
    certificate_days: int = Field(
        default=14, ge=1, le=365, description="How long before the end of a certificate a notice says so."
    )
    repeat_minutes: int = Field(
        default=0, ge=0, le=10_080, description="After how long a problem that remains is reported again; 0: never."
    )
    hold_s: int = Field(
        default=900, ge=0, le=86_400, description="Shortest time between two messages about the same thing."
    )
    most_an_hour: int = Field(
        default=12,
        ge=1,
        le=3600,
        description="Maximum number of messages per hour and channel. Further messages are sent together later.",
    )
    max_age_hours: int = Field(
        default=24, ge=1, le=168, description="How long a message that cannot be delivered is kept."
    )


class Webhook(Table):
    """A web address that gets notices as signed JSON."""

    url: WebhookUrl | None = Field(
        default=None, description="Address of the receiver, https://HOST/PATH. Without it, there is no webhook."
    )
    secret: WebhookSecret | None = Field(
        default=None,
        description="Secret that signs each message, whsec_ and base64, as in Standard Webhooks. Keep it in the "
        "credential webhook.secret rather than in a file.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="Certificates of the authorities that may sign the receiver's certificate. Without it, those of "
        "the system.",
    )
    timeout_s: int = Field(default=15, ge=1, le=60, description="Maximum time for one attempt.")
    kinds: tuple[NoticeKind, ...] = Field(
        default=tuple(NoticeKind), max_length=16, description="The kinds of notices that are sent."
    )
    quiet_hours: tuple[QuietTimes, ...] = Field(
        default=(), max_length=8, description='Local times in which nothing is sent, such as "22:00-06:00".'
    )


class Mail(Table):
    """A mail server that sends notices to people."""

    host: HostName | None = Field(default=None, description="Name of the mail server. Without it, no mail is sent.")
    port: int = Field(default=587, ge=1, le=65_535, description="Its port: mostly 587 with starttls, 465 with tls.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection is encrypted. Use none only on this computer."
    )
    username: str | None = Field(default=None, min_length=1, description="User name at the mail server.")
    password: SecretStr | None = Field(
        default=None,
        description="Password at the mail server. Keep it in the credential mail.password rather than in a file.",
    )
    sender: MailAddress | None = Field(default=None, description="Address from which mail is sent.")
    recipients: tuple[MailAddress, ...] = Field(
        default=(), max_length=16, description="Addresses that mail is sent to."
    )
    ca_file: Path | None = Field(
        default=None,
        description="Certificates of the authorities that may sign the server's certificate. Without it, those of "
        "the system.",
    )
    timeout_s: int = Field(default=20, ge=1, le=60, description="Maximum time for one attempt.")
    kinds: tuple[NoticeKind, ...] = Field(
        default=tuple(NoticeKind), max_length=16, description="The kinds of notices that are sent."
    )
    quiet_hours: tuple[QuietTimes, ...] = Field(
        default=(), max_length=8, description='Local times in which nothing is sent, such as "22:00-06:00".'
    )


WITHOUT_MAY: Final = (
    CommandName.OPEN,
    CommandName.HOLD,
    CommandName.RELEASE,
    CommandName.CLOSE,
    CommandName.LOCK,
    CommandName.UNLOCK,
    CommandName.OUT_OF_SERVICE,
    CommandName.IN_SERVICE,
    CommandName.DISPLAY,
    CommandName.REPLAY,
    CommandName.SEND_EVIDENCE,
    CommandName.SNAPSHOT,
    CommandName.RELOAD_LISTS,
    CommandName.SET_LOG_LEVEL,
    CommandName.REBIRTH,
    CommandName.SEND_BUNDLE,
    CommandName.UPLOAD_GRANT,
)
"""What a key may sign that names nothing. Closed: a gate that is updated gives no key a right that nobody gave it."""


class CommandKey(Table):
    """A key whose owner may give commands."""

    id: Name = Field(description="Name of the key, as commands and events give it.")
    public_key: RootKey = Field(description="Ed25519 public key, in hex.")
    may: tuple[CommandName, ...] = Field(
        default=WITHOUT_MAY,
        min_length=1,
        description="The commands that this key may sign. Left out: all but erase, which must be named.",
    )


class Commands(Table):
    """Commands from central."""

    keys: tuple[CommandKey, ...] = Field(
        default=(), max_length=32, description="Who may sign commands. Without keys, the gate accepts no commands."
    )
    max_life_s: int = Field(
        default=120, ge=5, le=3600, description="Maximum time from the issue of a command to its expiry."
    )
    from_groups: bool = Field(
        default=False,
        description="Also accept commands to the groups in fleet.groups. First, the access list of the broker must "
        "let the gate read gate/v1/group/+/cmd/+; otherwise, some brokers end the connection.",
    )


class FleetKey(Table):
    """A key of central that signs fleet documents."""

    id: Name = Field(description="Name of the key, as fleet documents give it.")
    public_key: RootKey = Field(description="Ed25519 public key, in hex.")
    may: tuple[DocumentKind, ...] = Field(
        default=(DocumentKind.CONFIGURATION, DocumentKind.POLICY),
        min_length=1,
        description="The kinds of fleet documents that this key may sign.",
    )


class Fleet(Table):
    """Documents from central for many gates."""

    groups: tuple[Name, ...] = Field(
        default=(), max_length=16, description="Groups that this gate belongs to, for documents of a group."
    )
    keys: tuple[FleetKey, ...] = Field(
        default=(),
        max_length=8,
        description="Who may sign fleet documents. Without keys, the gate accepts no documents.",
    )


class Software(Table):
    """Where the gate fetches the software that central orders."""

    repositories: tuple[RepositoryUrl, ...] = Field(
        default=(),
        max_length=4,
        description="Repositories of releases, https:// or file:///, tried in this order. Without them, the gate "
        "fetches no software.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="Certificates of the authorities that may sign the server's certificate. Without it, those of "
        "the system.",
    )
    rate_kb_s: int = Field(
        default=1000, ge=8, le=1_000_000, description="Maximum download rate, in thousands of bytes per second."
    )


class SiteGate(Table):
    """A gate of the site."""

    id: GateId = Field(description="gate.id of that gate.")
    public_key: RootKey = Field(
        description="Public key of that gate, in hex, as `gate-agent events key` shows it at that gate."
    )


class Site(Table):
    """The gates of this site, which together make sure that a permit passes only once."""

    gates: tuple[SiteGate, ...] = Field(
        default=(), max_length=64, description="All gates of the site, including this gate; the same list at each gate."
    )
    brokers: tuple[BrokerUrl, ...] = Field(
        default=(), max_length=4, description="URLs of the broker of the site, through which the gates ask one another."
    )
    username: str | None = Field(default=None, min_length=1, description="User name at that broker.")
    password: SecretStr | None = Field(
        default=None,
        description="Password at that broker. Keep it in the credential site.password rather than in a file.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="Certificates of the authorities that may sign the broker's certificate. Without it, those of "
        "the system.",
    )
    certificate_file: Path | None = Field(default=None, description="The gate's client certificate at that broker.")
    key_file: Path | None = Field(default=None, description="The private key of that certificate.")
    partition_policy: Literal["home_gate", "deny", "allow_and_flag"] = Field(
        default="home_gate",
        description="While another gate cannot be reached, a permit passes only at its home gate, nowhere, or "
        "everywhere with a flag.",
    )
    claim_timeout_s: float = Field(
        default=1.0, ge=0.1, le=10, description="Seconds to wait for an answer from a permit's home gate."
    )


class Privacy(Table):
    """What leaves the gate, and how long the gate keeps data."""

    publish_plate: Literal["full", "masked"] = Field(
        default="full", description="Plates in published events: whole, or with their middle masked."
    )
    keep_uses_days: int = Field(
        default=180,
        ge=1,
        le=3650,
        description="How long the ledger remembers a use of a permit. No permit is valid for longer than this from "
        "its start.",
    )
    keep_lists_hours: int = Field(
        default=24, ge=0, le=8760, description="How long entries of lists are kept after their permit's end."
    )
    erasable: bool = Field(
        default=False,
        description="Record plates, VINs, declarations, names and words of people beside the events, so that they "
        "can be erased. The events hold their digests. Central must be able to read such events.",
    )
    keep_values_days: int = Field(
        default=0,
        ge=0,
        le=3650,
        description="How long such values are kept once central has acknowledged their event; 0: as long as the event.",
    )


class Console(Table):
    """The technician's page in a browser."""

    enabled: bool = Field(default=False, description="Serve the page at the addresses in listen.")
    listen: tuple[Address, ...] = Field(
        default=("127.0.0.1",),
        min_length=1,
        max_length=8,
        description="Addresses of this computer at which the page is served.",
    )
    port: int = Field(
        default=8480, ge=0, le=65_535, description="The port at each address. 0: a free port, which the log names."
    )
    tls: Literal["auto", "always"] = Field(
        default="auto",
        description="auto: encrypt everywhere except on the computer itself. always: encrypt everywhere.",
    )
    certificate_file: Path | None = Field(
        default=None, description="The page's certificate, with its chain. Without it the gate makes its own."
    )
    key_file: Path | None = Field(default=None, description="The private key of that certificate.")
    names: tuple[HostName, ...] = Field(
        default=(),
        max_length=16,
        description="Host names under which browsers may open the page, in addition to the addresses and the "
        "computer's name.",
    )
    idle_minutes: int = Field(
        default=30, ge=1, le=1440, description="Minutes without a request after which a session ends."
    )
    session_hours: int = Field(default=12, ge=1, le=168, description="Maximum length of a session.")
    second_factor: tuple[Literal["viewer", "technician", "admin"], ...] = Field(
        default=(),
        max_length=3,
        description="Roles that must enter a one-time code after the password. Other roles can set it up.",
    )
    pass_reasons: tuple[PassReason, ...] = Field(
        default=tuple(LET_PASS),
        max_length=12,
        description="Reasons offered to an officer who lets a vehicle pass: codes of the console, or your own words.",
    )
    refusal_reasons: tuple[RefusalReason, ...] = Field(
        default=tuple(REFUSE),
        max_length=12,
        description="Reasons offered to an officer who refuses a vehicle: codes of the console, or your own words.",
    )


class Log(Table):
    """The log."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Log level: this level and above are logged."
    )
    format: Literal["text", "json"] = Field(default="text", description="Lines to read, or JSON lines to collect.")


class Metrics(Table):
    """The metrics for Prometheus."""

    enabled: bool = Field(default=False, description="Serve the metrics for Prometheus, without a login.")
    listen: Address = Field(
        default="127.0.0.1", description="Address of this computer at which the metrics are served."
    )
    port: int = Field(default=9108, ge=0, le=65_535, description="The port. 0: a free port, which the log names.")


class Settings(Table):
    """Everything that can be set."""

    version: Literal[1] = Field(description="Version of the format of this file.")
    include: tuple[str, ...] = Field(
        default=(),
        description="Other .toml files in this folder or below it, with paths relative to this file. "
        "Their keys are added to this file.",
    )
    gate: Gate = Field(description="Which gate this is.")
    state: State = Field(default=State(), description="Where the agent keeps its data.")
    permits: Permits = Field(description="How permits are verified.")
    lists: Lists = Field(default=Lists(), description="The signed lists of the site.")
    clock: ClockRules = Field(default=ClockRules(), description="How reliable the computer's clock must be.")
    mqtt: Mqtt = Field(default=Mqtt(), description="The connection to the central broker.")
    enrolment: Enrolment = Field(
        default=Enrolment(), description="The server that renews the gate's client certificates."
    )
    journal: Journal = Field(default=Journal(), description="The journal of events.")
    evidence: Evidence = Field(default=Evidence(), description="The pictures kept as evidence.")
    uploads: Uploads = Field(
        default=Uploads(), description="Uploads of pictures and support bundles to object storage."
    )
    notifications: Notifications = Field(
        default=Notifications(), description="Which notices people get, and how often."
    )
    webhook: Webhook = Field(default=Webhook(), description="A web address that gets notices as signed JSON.")
    mail: Mail = Field(default=Mail(), description="A mail server that sends notices to people.")
    commands: Commands = Field(default=Commands(), description="Commands from central.")
    fleet: Fleet = Field(default=Fleet(), description="Documents from central for many gates.")
    software: Software = Field(
        default=Software(), description="Where the gate fetches the software that central orders."
    )
    site: Site = Field(default=Site(), description="The gates of this site.")
    privacy: Privacy = Field(default=Privacy(), description="What leaves the gate, and how long the gate keeps data.")
    console: Console = Field(default=Console(), description="The technician's page in a browser.")
    log: Log = Field(default=Log(), description="The log.")
    metrics: Metrics = Field(default=Metrics(), description="The metrics for Prometheus.")
    lanes: dict[Name, Lane] = Field(min_length=1, description="The lanes of the gate, by name.")
