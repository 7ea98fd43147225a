"""The two messages between a customs lane and its platform, and the frame in which they travel: pure functions.

Known from public code of front-ends, not from the standard (JGS/T 14), whose text we have not seen: see README.md.
"""

import struct
from dataclasses import dataclass
from xml.etree import ElementTree as ET

HEAD, TAIL, FILLER = b"\xe2\x5c\x4b\x89", b"\xff\xff", b"\xff\xff\xff\xff"
GATHER, COMMAND = 0x21, 0x22
PLACE = struct.Struct("<4sIB10s10sc4sI")  # head, length of all, type, area, channel, I or E, filler, length of the XML
ENCODING, LONGEST = "GB2312", 65_536
SERIAL = 20


class FrameError(ValueError):
    """What came cannot be read as a frame or a message; says why."""


@dataclass(frozen=True)
class Place:
    """Where a message belongs: the area (site) and the channel (lane), 10 characters each, and I (in) or E (out)."""

    area: str
    channel: str
    way: str

    def __post_init__(self) -> None:
        if not (1 <= len(self.area) <= 10 and 1 <= len(self.channel) <= 10 and (self.area + self.channel).isascii()):
            raise ValueError(f"area {self.area!r} and channel {self.channel!r} have 1 to 10 ASCII characters each")
        if self.way not in {"I", "E"}:
            raise ValueError(f"the way is I or E, not {self.way!r}")


@dataclass(frozen=True)
class Gathered:
    """What a lane says about one vehicle. `serial`: 20 digits, which the platform echoes; empty: not known."""

    place: Place
    serial: str
    plate: str = ""
    permit: str = ""


@dataclass(frozen=True)
class Command:
    """What the platform answers. `check_result`: 20 digits, all 0 to let pass; `action`: of a lift by hand, else ""."""

    place: Place
    serial: str
    check_result: str
    hint: str
    action: str
    operator: str
    reason: str


def gather_xml(gathered: Gathered) -> bytes:
    """The GATHER_INFO of a vehicle. Each tag is there; what a gate does not know is empty."""
    if len(gathered.serial) != SERIAL or not gathered.serial.isdigit():
        raise ValueError(f"a serial has {SERIAL} digits, not {gathered.serial!r}")
    place = gathered.place
    names = {"AREA_ID": place.area, "CHNL_NO": place.channel, "I_E_TYPE": place.way, "SEQ_NO": gathered.serial}
    root = ET.Element("GATHER_INFO", names)
    tree = {
        "IC": ("DR_IC_NO", "IC_BILL_NO", "IC_VE_NAME", "IC_CONTA_ID", "IC_ESEAL_ID"),
        "WEIGHT": ("GROSS_WT",),
        "CAR": ("VE_NAME", "CAR_EC_NO", "VE_CUSTOMS_NO", "VE_WT"),
        "TRAILER": ("TR_EC_NO", "TR_NAME", "TR_WT"),
        "CONTA": ("CONTA_NUM", "CONTA_RECO", "CONTA_ID_F", "CONTA_ID_B"),
        "SEAL": ("ESEAL_ID", "SEAL_KEY"),
    }
    for parent, children in tree.items():
        element = ET.SubElement(root, parent)
        for child in children:
            ET.SubElement(element, child).text = gathered.plate if child == "VE_NAME" else ""
    ET.SubElement(root, "BAR_CODE").text = gathered.permit
    # Written by hand: the library names its encodings in its own way, and readers there compare texts.
    body = ET.tostring(root, "unicode", short_empty_elements=False)
    return f'<?xml version="1.0" encoding="{ENCODING}"?>{body}'.encode(ENCODING, "xmlcharrefreplace")


def frame(kind: int, place: Place, xml: bytes) -> bytes:
    """A message as it goes over the line."""
    size = PLACE.size + len(xml) + len(TAIL)
    head = PLACE.pack(
        HEAD, size, kind, place.area.encode().ljust(10), place.channel.encode().ljust(10), place.way.encode(), FILLER,
        len(xml),
    )  # fmt: skip
    return head + xml + TAIL


def frame_size(start: bytes) -> int | None:
    """How long the frame is that begins so; None: its first 8 bytes are not there yet."""
    if start[:4] != HEAD[: len(start)]:
        raise FrameError("no frame begins there")
    if len(start) < 8:
        return None
    size: int
    (size,) = struct.unpack_from("<I", start, 4)
    if not PLACE.size + len(TAIL) <= size <= LONGEST:
        raise FrameError(f"a frame of {size} bytes")
    return size


def unframed(raw: bytes) -> tuple[int, Place, bytes]:
    """Type, place and XML of a whole frame."""
    if frame_size(raw) != len(raw) or not raw.endswith(TAIL):
        raise FrameError("it does not end where it says")
    _, _, kind, area, channel, way, _, length = PLACE.unpack_from(raw)
    xml = raw[PLACE.size : -len(TAIL)]
    if length != len(xml):
        raise FrameError("its XML is not as long as it says")
    try:
        place = Place(area.decode("ascii").strip(), channel.decode("ascii").strip(), way.decode("ascii"))
    except ValueError as error:
        raise FrameError(str(error)) from None
    return kind, place, xml


def read_command(place: Place, xml: bytes) -> Command:
    """A COMMAND_INFO. It has no entities to expand: a DTD is refused before anything is parsed."""
    text = xml.decode("GB18030", "replace")  # what GB2312 has, and what writers really put there
    if "<!" in text:
        raise FrameError("it has a DTD, or a comment")
    try:
        root = ET.fromstring(text.partition("?>")[2] or text)  # noqa: S314 - no DTD, so no entities
    except ET.ParseError as error:
        raise FrameError(f"no XML: {error}") from None
    serial = root.get("SEQ_NO", "")
    if root.tag != "COMMAND_INFO" or len(serial) != SERIAL or not serial.isdigit():
        raise FrameError("no COMMAND_INFO with a SEQ_NO of 20 digits")
    said = {element.tag: (element.text or "").strip() for element in root.iter()}
    return Command(
        place, serial, said.get("CHECK_RESULT", ""), said.get("OP_HINT", ""),
        said.get("OP_TYPE", "") if "EXCUTE_COMMAND" in said else "", said.get("OP_ID", ""), said.get("OP_REASON", ""),
    )  # fmt: skip


def lets_pass(command: Command) -> bool:
    """Whether the platform would let the vehicle pass: 20 times 0. What the other digits mean is not known to us."""
    return command.check_result == "0" * SERIAL
