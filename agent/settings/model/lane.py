"""The settings of one lane: its barrier, boards, signals, cameras and times."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from agent.core.model import SIGNAL_NAMES
from agent.i18n import Language
from agent.settings.model.values import Name, Number, QuietTimes, Zone, distinct

if TYPE_CHECKING:
    from collections.abc import Mapping


class Table(BaseModel):
    """A table of the configuration: it never changes, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


class Device(Table):
    """A device: its kind, and the keys of its driver in the same table."""

    model_config = ConfigDict(extra="allow")
    kind: str = Field(description="The driver of the device. The driver's own keys are in the same table.")

    @property
    def table(self) -> Mapping[str, Any]:
        """The driver's own keys, as `drivers.registry` takes them."""
        return dict(self.model_extra or {})


class Camera(Device):
    """A camera of the lane and what is read from its picture."""

    id: Name = Field(description="Name of the camera, unique among the cameras and scanners of this gate.")
    readers: tuple[Literal["qr", "plate", "vin"], ...] = Field(
        default=("qr", "plate"), min_length=1, description="What to read in its picture: QR permits, plates, VINs."
    )
    zone: Zone = Field(
        default=(),
        description="Corners [x, y] of the part of the picture in which a plate counts, in order, as fractions of "
        "width and height from the top left. Empty: the whole picture. Codes count everywhere.",
    )
    reading_deadline_s: float = Field(
        default=3.0,
        gt=0,
        le=10,
        description="Maximum time in seconds for reading one picture.",
    )
    exposure: Literal["camera", "adapt"] = Field(
        default="camera",
        description="camera: the camera sets its exposure. adapt: the agent lowers it for a phone that is white in a "
        "dark yard.",
    )
    hang_s: float = Field(
        default=5.0,
        ge=1,
        le=60,
        description="Seconds without a sign of life after which the camera's process is restarted.",
    )


class Scanner(Device):
    """A QR scanner of the lane that sends what it reads without being asked."""

    id: Name = Field(description="Name of the scanner, unique among the cameras and scanners of this gate.")


class Sign(Device):
    """A sign that tells the driver of the lane what to do."""

    id: Name = Field(description="Name of the sign, unique among the cameras, scanners and signs of this gate.")
    languages: Annotated[tuple[Language, ...], AfterValidator(distinct)] = Field(
        default=(Language.ZH, Language.EN),
        min_length=1,
        description="Languages of the messages to the driver. If the plate suggests none of them, the first one is "
        "used.",
    )


class Voice(Device):
    """The sound device that speaks to the driver, and when it does."""

    languages: Annotated[tuple[Language, ...], AfterValidator(distinct)] = Field(
        default=(Language.ZH, Language.EN),
        min_length=1,
        description="Languages of the voice. If the plate suggests none of them, the first one is used.",
    )
    quiet_hours: tuple[QuietTimes, ...] = Field(
        default=(),
        description='Local times in which nothing is spoken, such as "22:00-06:30", each day. They do not apply '
        "while the clock is not reliable.",
    )


class Witness(Device):
    """A camera that reads plates itself. Its reading changes the certainty, but alone it lets no vehicle pass."""

    id: Name = Field(description="Name of the witness, unique among the cameras, scanners and witnesses of this gate.")
    camera_lane: int | None = Field(
        default=None,
        ge=0,
        le=999,
        description="The camera's own number for this lane, if the camera looks at several lanes. Then only its "
        "readings of that lane count. Without it, all its readings count.",
    )


class Timing(Table):
    """How long the lane waits at each step, in seconds."""

    read_s: float = Field(
        default=30.0, ge=1, le=600, description="Seconds to wait for a readable permit after the vehicle's arrival."
    )
    decide_s: float = Field(
        default=5.0, ge=0.1, le=60, description="Seconds to wait for a decision after the permit was read."
    )
    open_s: float = Field(
        default=6.0, ge=0.5, le=60, description="Seconds to wait for the open arm after the open pulse."
    )
    enter_s: float = Field(
        default=15.0, ge=1, le=600, description="Seconds to wait for the vehicle to drive off after the arm is open."
    )
    pass_s: float = Field(
        default=60.0, ge=1, le=3600, description="Seconds to wait for the vehicle to pass once it is under the arm."
    )
    clear_s: float = Field(
        default=1.0,
        ge=0.1,
        le=30,
        description="Seconds for which the passage must stay clear: drawbars of trailers leave gaps.",
    )
    close_s: float = Field(
        default=8.0, ge=0.5, le=60, description="Seconds to wait for the closed arm after the passage is clear."
    )
    deny_again_s: float = Field(
        default=1.0, ge=0, le=60, description="Seconds before a refused permit is checked again."
    )
    stale_s: float = Field(
        default=0.3, ge=0.05, le=5, description="Seconds after which a sample of the inputs is too old to trust."
    )
    grant_s: float = Field(
        default=10.0,
        ge=0.5,
        le=60,
        description="Seconds for which a grant is valid. After that, it does not open the barrier.",
    )
    gone_s: float = Field(
        default=3.0,
        ge=0.5,
        le=60,
        description="Seconds without any reading after which the vehicle counts as gone, in a blind lane.",
    )
    blind_passage_s: float = Field(
        default=8.0, ge=1, le=120, description="Assumed duration of a passage in a lane without inputs, in seconds."
    )


class AccessRules(Table):
    """What a vehicle needs to pass the lane."""

    require: Literal["permit_and_plate", "permit", "plate", "either"] = Field(
        default="permit_and_plate",
        description="What a vehicle needs: a permit and its plate, a permit alone, a declared plate alone, "
        "or one of the two.",
    )
    declaration: Literal["if_known", "required"] = Field(
        default="if_known",
        description="Whether a signed permit can pass before its declaration has reached the gate, or always needs it.",
    )
    second_factor: Literal["plate", "vin", "either", "both"] = Field(
        default="plate",
        description="How a permit is matched with the vehicle in view, if require asks for a permit and its plate: "
        "by the declared plate, the declared VIN, one of the two, or both. All but the plate need a "
        "reader of VINs.",
    )
    without_plate: Literal["manual", "vin", "pass"] = Field(
        default="manual",
        description="What to do with a vehicle that is declared to have no plate yet: an officer decides, its VIN "
        "must match the permit, or its permit alone is enough.",
    )
    require_two_cameras: bool = Field(
        default=False,
        description="Whether the permit and the plate (or the VIN) must be read by two different cameras. Then a "
        "camera that an attacker controls cannot open the lane alone.",
    )
    wrong_check_digit: Literal["note", "manual"] = Field(
        default="note", description="What to do if the check digit of a VIN is wrong."
    )
    other_class: Literal["note", "manual"] = Field(
        default="note", description="What to do if the plate is of another kind than the declared one."
    )
    already_exited_days: float = Field(
        default=30.0,
        ge=0,
        le=365,
        description="Days during which a vehicle that passed cannot pass in the same direction again with another "
        "permit. 0: no limit.",
    )
    sample_percent: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="Share of the vehicles that may pass which are selected at random for an officer.",
    )


class BarrierWiring(Table):
    """Which relay channel is wired to what. Channel numbers start at 1."""

    open_channel: Number = Field(default=1, description="Channel wired to the OPEN input of the barrier controller.")
    pulse_ms: int = Field(
        default=500, ge=200, le=1000, description="Length of a pulse. Barrier controllers need 200 to 1000 ms."
    )
    close_channel: Number | None = Field(default=None, description='Channel of CLOSE; for close_mode = "agent".')
    hold_channel: Number | None = Field(
        default=None, description="Channel that holds the barrier open. Without it, the open channel is used."
    )
    red_channel: Number | None = Field(default=None, description="Channel of the red lamp.")
    green_channel: Number | None = Field(default=None, description="Channel of the green lamp.")


class SignalWiring(Table):
    """Which input is which signal. Input numbers start at 1."""

    presence: Number | None = Field(
        default=None,
        description="Input of the loop before the arm: on while a vehicle waits there. Needs safety; a blind lane "
        "has neither.",
    )
    safety: Number | None = Field(default=None, description="Input of the loop under and behind the arm.")
    photocell: Number | None = Field(default=None, description="Input of the photocell across the passage.")
    opened: Number | None = Field(default=None, description="Input of the limit switch of the open arm.")
    closed: Number | None = Field(default=None, description="Input of the limit switch of the closed arm.")
    key: Number | None = Field(default=None, description="Input of the officer's key switch: turned on, it opens once.")
    hold: Number | None = Field(
        default=None, description="Input of a contact that holds the barrier open while on, such as a fire alarm."
    )
    inverted: tuple[Number, ...] = Field(
        default=(), description="Inputs that are on at rest, such as normally closed contacts."
    )
    debounce_ms: int = Field(
        default=40,
        ge=0,
        le=1000,
        description="Debounce time: an input counts after it has been stable for this long, in milliseconds.",
    )
    poll_hz: float = Field(default=20.0, ge=1, le=100, description="How often the inputs are read, in Hz.")

    @property
    def wired(self) -> dict[str, int]:
        """The input of each signal that is wired, by the signal's name."""
        return {name: number for name in SIGNAL_NAMES if (number := getattr(self, name)) is not None}


class DriverPage(Table):
    """The page that tells the driver what to do, on a screen at the post."""

    enabled: bool = Field(
        default=False,
        description="Serve the page at /driver/LANE of the console: to a screen of this computer, and to others that "
        "have its token.",
    )
    languages: tuple[Literal["en", "zh", "ru", "kk"], ...] = Field(
        default=("zh", "kk", "en"),
        min_length=1,
        max_length=3,
        description="Languages that are shown at the same time; the first is the largest.",
    )
    token_file: Path | None = Field(
        default=None,
        description="File with the token of other screens, 32 to 128 letters and digits; without it the gate makes "
        "one, which `gate-agent console screen` shows.",
    )


class Lane(Table):
    """One barrier with its cameras, relay channels and inputs."""

    number: Number = Field(description="Number of the lane, unique on this gate; permits name lanes by number.")
    direction: Literal["export", "import"] = Field(description="The direction in which vehicles pass.")
    mode: Literal["live", "dry_run"] = Field(
        default="live",
        description="live: the lane works. dry_run: everything is read, decided, recorded and shown to staff, but "
        "nothing moves and the driver gets no messages. Use it to try a lane beside the staff who open "
        "it today.",
    )
    close_mode: Literal["controller", "agent"] = Field(
        default="controller", description="Who closes the arm: the barrier's own controller, or the agent."
    )
    interlock: tuple[Name, ...] = Field(
        default=(), description="Lanes whose barriers must be closed and at rest before this barrier opens."
    )
    shares_arm: Name | None = Field(
        default=None, description="The lane of the other direction that uses the same barrier."
    )
    anti_passback_s: float = Field(
        default=0.0,
        ge=0,
        le=7 * 86_400,
        description="Seconds during which a vehicle that passed cannot pass in the same direction again. 0: no limit.",
    )
    rules: AccessRules = Field(default=AccessRules(), description="What a vehicle needs to pass the lane.")
    timing: Timing = Field(default=Timing(), description="How long the lane waits at each step.")
    barrier: BarrierWiring = Field(default=BarrierWiring(), description="Which relay channel is wired to what.")
    relay: Device = Field(description="The relay board that moves the barrier.")
    inputs: Device | None = Field(
        default=None, description="The board that reads loops and contacts. Without it, the lane is blind."
    )
    signals: SignalWiring | None = Field(default=None, description="Which input is which signal; needed with inputs.")
    cameras: tuple[Camera, ...] = Field(default=(), description="The cameras that look at the lane.")
    scanners: tuple[Scanner, ...] = Field(default=(), description="The QR scanners of the lane.")
    signs: tuple[Sign, ...] = Field(default=(), description="The signs that tell the driver of the lane what to do.")
    voice: Voice | None = Field(
        default=None, description="The sound device that speaks to the driver. Without it, the lane is silent."
    )
    witnesses: tuple[Witness, ...] = Field(
        default=(), description="Cameras that read plates by themselves and look at the lane."
    )
    driver_page: DriverPage = Field(
        default=DriverPage(), description="The page that tells the driver what to do, on a screen at the post."
    )

    @property
    def dry_run(self) -> bool:
        """Whether nothing of this lane may move."""
        return self.mode == "dry_run"

    @property
    def signs_in_use(self) -> tuple[Sign, ...]:
        """Its signs; none in a dry run, in which the driver is told nothing."""
        return () if self.dry_run else self.signs

    @property
    def voice_in_use(self) -> Voice | None:
        """Its sound device, if it has one; none in a dry run."""
        return None if self.dry_run else self.voice
