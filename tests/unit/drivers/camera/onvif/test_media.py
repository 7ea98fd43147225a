"""What the media services say of their profiles: numbers that are none, tokens that cannot be used, odd encoders."""

from __future__ import annotations

import pytest

from drivers.camera.onvif.media import MEDIA_1, MEDIA_2, MOST_PROFILES, Media
from drivers.emulators.onvif_documents import OnvifDocuments
from drivers.emulators.onvif_form import EmulatedProfile, OnvifForm
from drivers.strict_xml import read_xml
from drivers.untrusted_text import DocumentError


def profiles(version, *given):
    media = Media({1: MEDIA_1, 2: MEDIA_2}[version])
    data = OnvifDocuments(OnvifForm(profiles=given), "http://127.0.0.1").profiles(version)
    return media.read_profiles(media.profiles.answer(data))


@pytest.mark.parametrize("version", [1, 2])
def test_both_versions_say_the_same_and_sound_alone_is_left_out(version):
    given = EmulatedProfile("t", 640, 480, "H265" if version == 2 else "H264", 12, 24, source="lens2")
    (found,) = profiles(version, given)
    assert (found.token, found.name, found.source) == ("t", "t", "lens2")
    assert (found.codec, found.width_px, found.height_px) == (given.codec, 640, 480)
    assert (found.frame_rate_hz, found.group) == (12.0, 24)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("value", ["", "-1", "x", "1e9", "99999999999", "NaN", "1.x"])
def test_numbers_that_are_none_are_unknown(version, value):
    (found,) = profiles(version, EmulatedProfile("t", value, value, frame_rate_hz=value, group=value))
    assert (found.width_px, found.height_px, found.frame_rate_hz, found.group) == (0, 0, None, None)


def test_a_rate_may_have_a_fraction():
    assert profiles(2, EmulatedProfile("t", 640, 360, frame_rate_hz="12.5"))[0].frame_rate_hz == 12.5


@pytest.mark.parametrize("token", ["", "x" * 129, "a&#10;b"])
def test_a_token_that_cannot_be_used_is_refused(token):
    with pytest.raises(DocumentError, match="token"):
        profiles(1, EmulatedProfile(token, 640, 360))


def test_no_more_profiles_are_taken_than_a_recorder_has():
    assert len(profiles(1, *[EmulatedProfile(f"t{number}", 640, 360) for number in range(50)])) == MOST_PROFILES


def test_an_encoder_with_an_odd_name_is_no_path_of_its_own():
    assert profiles(1, EmulatedProfile("t", 640, 360, codec="MPEG4"))[0].codec == "MPEG4"


def test_a_token_cannot_leave_its_element():
    request = Media(MEDIA_1).snapshot('"/><x>&')
    assert read_xml(request.envelope(), ("Envelope",)).words("Body", "GetSnapshotUri", "ProfileToken") == '"/><x>&'


@pytest.mark.parametrize("space", [MEDIA_1, MEDIA_2])
def test_an_answer_without_an_address_is_refused(space):
    media = Media(space)
    with pytest.raises(DocumentError, match="without an address"):
        media.read_uri(read_xml(b"<GetStreamUriResponse><MediaUri/></GetStreamUriResponse>", ("GetStreamUriResponse",)))
