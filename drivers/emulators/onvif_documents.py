"""What an emulated ONVIF camera says, as XML: answers, faults, and the answer to a search."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from drivers.emulators.onvif_form import EmulatedProfile, OnvifForm

DEVICE: Final = "http://www.onvif.org/ver10/device/wsdl"
MEDIA: Final = {1: "http://www.onvif.org/ver10/media/wsdl", 2: "http://www.onvif.org/ver20/media/wsdl"}
SPACES: Final = {DEVICE: "tds", MEDIA[1]: "trt", MEDIA[2]: "tr2"}
_DECLARED: Final = "".join(
    f' xmlns:{prefix}="{space}"'
    for prefix, space in {
        "SOAP-ENV": "http://www.w3.org/2003/05/soap-envelope",
        "tt": "http://www.onvif.org/ver10/schema",
        "ter": "http://www.onvif.org/ver10/error",
        "tds": DEVICE,
        "trt": MEDIA[1],
        "tr2": MEDIA[2],
        "wsa": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
        "d": "http://schemas.xmlsoap.org/ws/2005/04/discovery",
        "dn": "http://www.onvif.org/ver10/network/wsdl",
    }.items()
)


def envelope(body: str, header: str = "") -> bytes:
    """An envelope of SOAP 1.2 as cameras made by gSOAP write it."""
    head = f"<SOAP-ENV:Header>{header}</SOAP-ENV:Header>" if header else ""
    text = f"<SOAP-ENV:Envelope{_DECLARED}>{head}<SOAP-ENV:Body>{body}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def fault(subcode: str, words: str) -> bytes:
    """A fault of the sender's. `subcode`: with its prefix."""
    code = f"<SOAP-ENV:Value>SOAP-ENV:Sender</SOAP-ENV:Value><SOAP-ENV:Subcode><SOAP-ENV:Value>{subcode}"
    code += "</SOAP-ENV:Value></SOAP-ENV:Subcode>"
    reason = f'<SOAP-ENV:Text xml:lang="en">{escape(words)}</SOAP-ENV:Text>'
    inner = f"<SOAP-ENV:Code>{code}</SOAP-ENV:Code><SOAP-ENV:Reason>{reason}</SOAP-ENV:Reason>"
    return envelope(f"<SOAP-ENV:Fault>{inner}</SOAP-ENV:Fault>")


def bomb() -> bytes:
    """Ten entities, each ten of the one before: a thousand million laughs."""
    entities = ['<!ENTITY l0 "ha">']
    entities += [f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 10)]
    return f'<?xml version="1.0"?><!DOCTYPE Envelope [{"".join(entities)}]><Envelope>&l9;</Envelope>'.encode()


@dataclass(frozen=True, slots=True)
class OnvifDocuments:
    """The answers of a camera of this form. `base`: as http://127.0.0.1:8080."""

    form: OnvifForm
    base: str

    def match(self, relates_to: str) -> bytes:
        """The answer to a search."""
        scopes = {"type": "video_encoder", "hardware": self.form.model, "name": self.form.name, "location": "Gate"}
        named = " ".join(f"onvif://www.onvif.org/{kind}/{quote(value)}" for kind, value in scopes.items())
        header = f"<wsa:RelatesTo>{escape(relates_to)}</wsa:RelatesTo>"
        inner = (
            "<wsa:EndpointReference><wsa:Address>urn:uuid:5f5a69c2-e0ae-504f-829b-00aa5eed0001</wsa:Address>"
            "</wsa:EndpointReference><d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types>"
            f"<d:Scopes>{named}</d:Scopes><d:XAddrs>{self.base}/onvif/device_service</d:XAddrs>"
            "<d:MetadataVersion>1</d:MetadataVersion>"
        )
        return envelope(f"<d:ProbeMatches><d:ProbeMatch>{inner}</d:ProbeMatch></d:ProbeMatches>", header)

    def clock(self, utc: float) -> bytes:
        """The time that the camera believes it is."""
        at = datetime.fromtimestamp(utc, UTC)
        day = f"<tt:Year>{at.year}</tt:Year><tt:Month>{at.month}</tt:Month><tt:Day>{at.day}</tt:Day>"
        time = f"<tt:Hour>{at.hour}</tt:Hour><tt:Minute>{at.minute}</tt:Minute><tt:Second>{at.second}</tt:Second>"
        inner = f"<tt:UTCDateTime><tt:Time>{time}</tt:Time><tt:Date>{day}</tt:Date></tt:UTCDateTime>"
        kind = "<tt:DateTimeType>Manual</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings>"
        said = f"<tds:SystemDateAndTime>{kind}{inner}</tds:SystemDateAndTime>"
        return envelope(f"<tds:GetSystemDateAndTimeResponse>{said}</tds:GetSystemDateAndTimeResponse>")

    def device_information(self) -> bytes:
        """What the camera is."""
        said = {
            "Manufacturer": self.form.maker,
            "Model": self.form.model,
            "FirmwareVersion": "1.0",
            "SerialNumber": "0001",
            "HardwareId": "1",
        }
        inner = "".join(f"<tds:{name}>{escape(value)}</tds:{name}>" for name, value in said.items())
        return envelope(f"<tds:GetDeviceInformationResponse>{inner}</tds:GetDeviceInformationResponse>")

    def services(self) -> bytes:
        """Where its services are."""
        spaces = [(DEVICE, "device_service"), *((MEDIA[one], f"media{one}") for one in self.form.media)]
        version = "<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version>"
        inner = "".join(
            f"<tds:Service><tds:Namespace>{space}</tds:Namespace><tds:XAddr>{self.base}/onvif/{path}</tds:XAddr>"
            f"{version}</tds:Service>"
            for space, path in spaces
        )
        return envelope(f"<tds:GetServicesResponse>{inner}</tds:GetServicesResponse>")

    def capabilities(self) -> bytes:
        """The same in the words of before 2011."""
        media = f"<tt:Media><tt:XAddr>{self.base}/onvif/media1</tt:XAddr></tt:Media>" if 1 in self.form.media else ""
        device = f"<tt:Device><tt:XAddr>{self.base}/onvif/device_service</tt:XAddr></tt:Device>"
        inner = f"<tds:Capabilities>{device}{media}</tds:Capabilities>"
        return envelope(f"<tds:GetCapabilitiesResponse>{inner}</tds:GetCapabilitiesResponse>")

    def profiles(self, version: int) -> bytes:
        """All profiles, and one of sound alone."""
        prefix = SPACES[MEDIA[version]]
        each = _profile_2 if version == 2 else _profile_1  # noqa: PLR2004 - a version
        inner = "".join(each(one) for one in self.form.profiles)
        inner += _SOUND[version]
        return envelope(f"<{prefix}:GetProfilesResponse>{inner}</{prefix}:GetProfilesResponse>")

    def stream(self, version: int, profile: EmulatedProfile) -> bytes:
        """Where the stream of a profile is."""
        host = self.form.named_host or "127.0.0.1"
        url = profile.url or f"rtsp://{host}:554/{profile.token}?profile=1&trackID=1"
        return self.uri(version, "GetStreamUri", url)

    def uri(self, version: int, name: str, url: str) -> bytes:
        """An address. `name`: GetStreamUri or GetSnapshotUri."""
        prefix = SPACES[MEDIA[version]]
        inner = f"<tt:Uri>{escape(url)}</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>"
        said = f"<tr2:Uri>{escape(url)}</tr2:Uri>" if prefix == "tr2" else f"<trt:MediaUri>{inner}</trt:MediaUri>"
        return envelope(f"<{prefix}:{name}Response>{said}</{prefix}:{name}Response>")


_SOUND: Final = {
    1: '<trt:Profiles token="sound"><tt:Name>sound</tt:Name></trt:Profiles>',
    2: '<tr2:Profiles token="sound"><tr2:Name>sound</tr2:Name><tr2:Configurations><tr2:AudioEncoder token="a">'
    "<tt:Encoding>AAC</tt:Encoding></tr2:AudioEncoder></tr2:Configurations></tr2:Profiles>",
}


def _profile_1(one: EmulatedProfile) -> str:
    group = f"<tt:{one.codec}><tt:GovLength>{one.group}</tt:GovLength></tt:{one.codec}>"
    rate = f"<tt:FrameRateLimit>{one.frame_rate_hz}</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval>"
    return (
        f'<trt:Profiles token="{one.token}" fixed="true"><tt:Name>{one.token}</tt:Name>'
        f'<tt:VideoSourceConfiguration token="s"><tt:SourceToken>{one.source}</tt:SourceToken>'
        "</tt:VideoSourceConfiguration>"
        f'<tt:VideoEncoderConfiguration token="e_{one.token}"><tt:Encoding>{one.codec}</tt:Encoding>'
        f"{_resolution(one)}<tt:RateControl>{rate}<tt:BitrateLimit>4096</tt:BitrateLimit></tt:RateControl>{group}"
        "</tt:VideoEncoderConfiguration></trt:Profiles>"
    )


def _profile_2(one: EmulatedProfile) -> str:
    rate = f"<tt:FrameRateLimit>{one.frame_rate_hz}</tt:FrameRateLimit><tt:BitrateLimit>4096</tt:BitrateLimit>"
    return (
        f'<tr2:Profiles token="{one.token}" fixed="true"><tr2:Name>{one.token}</tr2:Name><tr2:Configurations>'
        f'<tr2:VideoSource token="s"><tt:SourceToken>{one.source}</tt:SourceToken></tr2:VideoSource>'
        f'<tr2:VideoEncoder token="e_{one.token}" GovLength="{one.group}" Profile="Main">'
        f"<tt:Encoding>{one.codec}</tt:Encoding>{_resolution(one)}<tt:RateControl>{rate}</tt:RateControl>"
        "</tr2:VideoEncoder></tr2:Configurations></tr2:Profiles>"
    )


def _resolution(one: EmulatedProfile) -> str:
    size = f"<tt:Width>{one.width_px}</tt:Width><tt:Height>{one.height_px}</tt:Height>"
    return f"<tt:Resolution>{size}</tt:Resolution>"
