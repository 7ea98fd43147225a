"""What aplay's words mean: each as alsa-utils 1.2.14 and ALSA's library 1.2.14 say it."""

from __future__ import annotations

import pytest

from drivers.api import DeviceError, DeviceMisconfiguredError, DeviceUnavailableError
from drivers.voice.alsa_faults import fault_of, identity_of, is_distorted

NO_CARD_AT_ALL = """\
ALSA lib confmisc.c:855:(parse_card) cannot find card '0'
ALSA lib conf.c:5205:(_snd_config_evaluate) function snd_func_card_inum returned error: No such file or directory
ALSA lib confmisc.c:422:(snd_func_concat) error evaluating strings
ALSA lib conf.c:5728:(snd_config_expand) Evaluate error: No such file or directory
ALSA lib pcm.c:2722:(snd_pcm_open_noupdate) Unknown PCM default
aplay: main:850: audio open error: No such file or directory
"""
NO_SUCH_CARD = """\
ALSA lib confmisc.c:165:(snd_config_get_card) Cannot get card index for Device
aplay: main:850: audio open error: No such device
"""
NO_SUCH_NAME = """\
ALSA lib pcm.c:2722:(snd_pcm_open_noupdate) Unknown PCM speaker
aplay: main:850: audio open error: No such file or directory
"""
BUSY = "aplay: main:850: audio open error: Device or resource busy\n"
PULLED = """\
Playing raw data 'stdin' : Signed 16 bit Little Endian, Rate 16000 Hz, Mono
aplay: pcm_write:2178: write error: No such device
"""
FORBIDDEN = "aplay: main:850: audio open error: Permission denied\n"
ONLY_STEREO = """\
Playing raw data 'stdin' : Signed 16 bit Little Endian, Rate 16000 Hz, Mono
aplay: set_params:1398: Channels count non available
"""
OTHER_RATE = """\
Playing raw data 'stdin' : Signed 16 bit Little Endian, Rate 16000 Hz, Mono
Warning: rate is not accurate (requested = 16000Hz, got = 44100Hz)
         please, try the plug plugin
"""
PULSE = """\
Playing raw data 'stdin' : Signed 16 bit Little Endian, Rate 16000 Hz, Mono
ALSA <-> PulseAudio PCM I/O Plugin
Its setup is:
"""
CONVERTED = """\
Plug PCM: Linear conversion PCM (S16_LE)
Its setup is:
  stream       : PLAYBACK
Slave: Hardware PCM card 1 'USB Audio Device' device 0 subdevice 0
Its setup is:
"""


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (NO_CARD_AT_ALL, DeviceUnavailableError, "no sound device x: it is unplugged"),
        (NO_SUCH_CARD, DeviceUnavailableError, "no sound device x: it is unplugged"),
        (PULLED, DeviceUnavailableError, "no sound device x: it is unplugged"),
        (BUSY, DeviceUnavailableError, "in use by another program"),
        (NO_SUCH_NAME, DeviceMisconfiguredError, "ALSA knows no sound device x"),
        (FORBIDDEN, DeviceMisconfiguredError, "in the group audio"),
        (ONLY_STEREO, DeviceMisconfiguredError, "plughw:"),
        (OTHER_RATE, DeviceMisconfiguredError, "plughw:"),
        ("aplay: pcm_write:2178: write error: Input/output error\n", DeviceUnavailableError, "Input/output error"),
        ("", DeviceUnavailableError, "without a message"),
    ],
)
def test_each_word_of_the_player_is_the_error_that_it_means(said: str, kind: type[DeviceError], words: str) -> None:
    fault = fault_of(said, "x")
    assert type(fault) is kind
    assert words in str(fault)


def test_another_speed_than_asked_for_is_noticed() -> None:
    assert is_distorted(OTHER_RATE)
    assert not is_distorted(ONLY_STEREO)


@pytest.mark.parametrize(
    ("said", "identity"),
    [
        (CONVERTED, "USB Audio Device, output 0"),
        ("Playing raw data 'stdin' : Signed 16 bit\nNull PCM\nIts setup is:\n", "Null PCM"),
        (PULSE, "ALSA <-> PulseAudio PCM I/O Plugin"),
        ("", "?"),
    ],
)
def test_a_device_is_named_by_its_card_or_by_what_stands_for_it(said: str, identity: str) -> None:
    assert identity_of(said) == identity
