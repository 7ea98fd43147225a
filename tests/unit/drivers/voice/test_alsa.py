"""Speech through ALSA's player, on devices that ALSA itself makes of files and of nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.api import DeviceError, DeviceMisconfiguredError, DeviceUnavailableError
from drivers.contracts.tones import record, tone
from drivers.contracts.voice import LONG_S, Rig, VoiceContract
from drivers.voice import alsa
from drivers.voice.alsa import AlsaVoiceSettings
from tests.support.voice.recorder import DEVICE, Recorder, needs_aplay
from tests.support.waiting import eventually, scaled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drivers.api import VoicePort

BUSY = 'echo "aplay: main:850: audio open error: Device or resource busy" >&2; exit 1'
MUTE = "exec sleep 3600"
STUBBORN = 'trap "" TERM; echo "Its setup is:" >&2; while :; do read line || sleep 3600; done'


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine as slow as it may be, and without sound cards of its own."""
    for name in ("PROBE_S", "BEGIN_S", "SPARE_S"):
        monkeypatch.setattr(alsa, name, scaled(getattr(alsa, name)))
    monkeypatch.setattr(alsa, "NODES", tmp_path / "no-nodes")


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    recorder = Recorder(tmp_path)
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(recorder.configuration))
    yield recorder
    recorder.close()


@pytest.fixture
def player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a program of the test's own in the player's place."""

    def put(script: str) -> None:
        program = tmp_path / "bin" / "aplay"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    return put


def voice_on(device: str) -> VoicePort:
    return registry.voice("alsa", {"device": device})


@needs_aplay
class TestAlsaVoice(VoiceContract):
    kind = "alsa"

    @pytest.fixture
    def rig(self, recorder: Recorder) -> Rig:
        def let_end(voice: VoicePort) -> None:
            eventually(lambda: recorder.heard() is not None and not voice.is_playing())
            recorder.heard()

        return Rig({"device": DEVICE}, recorder.heard, let_end, recorder.unplug, recorder.plug)


# ------------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize("device", ["", "-D", "--help", " default", "a\nb", "x" * 201, "звук"])
def test_what_cannot_be_the_name_of_a_device_is_refused(device: str) -> None:
    with pytest.raises(ValidationError):
        AlsaVoiceSettings(device=device)


def test_a_device_that_converts_nothing_is_refused_with_what_to_write() -> None:
    with pytest.raises(ValidationError, match='write "plughw:CARD=Device,DEV=0"'):
        AlsaVoiceSettings(device="hw:CARD=Device,DEV=0")


@pytest.mark.parametrize("volume", [0, 101, -1])
def test_a_volume_is_between_1_and_100_percent(volume: int) -> None:
    with pytest.raises(ValidationError):
        AlsaVoiceSettings(volume_percent=volume)


# --------------------------------------------------------------------------------------------------------- faults


@needs_aplay
@pytest.mark.parametrize(
    ("device", "kind", "words"),
    [
        ("plughw:CARD=Nowhere,DEV=0", DeviceUnavailableError, "unplugged"),
        ("speaker-that-nobody-defined", DeviceMisconfiguredError, "ALSA knows no sound device"),
    ],
)
def test_a_card_that_is_away_may_come_back_and_a_name_that_is_wrong_may_not(
    device: str, kind: type[DeviceError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        voice_on(device).open()


@needs_aplay
def test_a_device_without_hardware_plays_and_says_what_it_is(recorder: Recorder, tmp_path: Path) -> None:
    voice = voice_on("silent")
    assert voice.open() == "sound device silent: Null PCM"
    voice.play(record(tmp_path / "sentence.wav", tone(1.0)))
    eventually(lambda: not voice.is_playing())
    voice.close()


def test_a_busy_device_may_become_free(player) -> None:
    player(BUSY)
    with pytest.raises(DeviceUnavailableError, match="in use by another program"):
        voice_on("default").open()


def test_without_the_player_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceMisconfiguredError, match="apt install alsa-utils"):
        voice_on("default").open()


def test_a_player_that_cannot_be_started_is_unavailable(player, tmp_path: Path) -> None:
    player(BUSY)
    (tmp_path / "bin" / "aplay").write_bytes(b"\x7fELF of another machine")
    with pytest.raises(DeviceUnavailableError, match="cannot be started"):
        voice_on("default").open()


@needs_aplay
def test_a_card_that_may_not_be_opened_is_told_from_one_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mocker
) -> None:
    real = os.access
    nodes = tmp_path / "snd"
    nodes.mkdir()
    (nodes / "controlC0").touch()
    monkeypatch.setattr(alsa, "NODES", nodes)
    mocker.patch("os.access", side_effect=lambda path, mode: Path(path).parent != nodes and real(path, mode))
    with pytest.raises(DeviceMisconfiguredError, match="in the group audio"):
        voice_on("plughw:CARD=Nowhere,DEV=0").open()


def test_a_device_that_does_not_begin_is_given_up_and_its_child_is_gone(player, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(alsa, "PROBE_S", 0.2)
    player(f"echo $$ >{tmp_path}/pid; {MUTE}")
    with pytest.raises(DeviceUnavailableError, match=r"does not start playing"):
        voice_on("default").open()
    written = tmp_path / "pid"
    assert not written.exists() or not alive(int(written.read_text() or 0))


def test_a_device_that_never_comes_to_an_end_is_given_up_though_its_child_takes_no_signal(
    player, monkeypatch, tmp_path: Path
) -> None:
    player(f'echo "Its setup is:" >&2; [ -s /dev/stdin ] || exit 0; echo $$ >{tmp_path}/pid; {STUBBORN}')
    voice = voice_on("default")
    voice.open()
    voice.play(record(tmp_path / "sentence.wav", tone(0.5)))
    pid = int(eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()))
    assert voice.is_playing()
    monkeypatch.setattr("time.monotonic", lambda: 1e12)
    with pytest.raises(DeviceUnavailableError, match="does not finish"):
        voice.is_playing()
    assert not alive(pid)
    assert not voice.is_playing()


def test_the_child_learns_no_secret_of_the_agents_environment(player, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GATE_MQTT__PASSWORD", "secret")
    player(f'env >{tmp_path}/seen; echo "Its setup is:" >&2')
    voice_on("default").open()
    seen = (tmp_path / "seen").read_text()
    assert "secret" not in seen
    assert "LC_ALL=C" in seen


@needs_aplay
def test_the_child_of_a_recording_that_is_cut_off_is_reaped(recorder: Recorder, tmp_path: Path) -> None:
    others = children()
    voice = voice_on(DEVICE)
    voice.open()
    path = record(tmp_path / "long.wav", tone(LONG_S))
    for _ in range(5):
        voice.play(path)
    assert len(children()) == len(others) + 1
    voice.close()
    assert children() == others


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def children() -> list[str]:
    """The names of this process's children, those that are dead and not reaped too."""
    own = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            before, _, after = status.read_text().rpartition(")")
        except OSError:
            continue
        if after.split()[1] == str(os.getpid()):
            own.append(before.partition("(")[2])
    return own
