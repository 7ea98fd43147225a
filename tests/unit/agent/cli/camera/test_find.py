"""The command that finds cameras, as a technician runs it."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from agent.cli import main as command_line
from drivers.camera.settings import OpenCvSettings
from drivers.emulators.onvif import OnvifCamera
from drivers.emulators.onvif_form import MAIN, EmulatedProfile, OnvifFault, OnvifForm

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("no_leaks")

PHRASE = 'hush "hush", 口令'
HERE = ("--from", "127.0.0.1")


def run(*arguments: object) -> tuple[int, str, str]:
    """Run the command in this process, through its own root: its exit code, output and errors."""
    with CliRunner().isolation(env={"COLUMNS": "120"}) as streams:
        code = 0
        try:
            command_line.main(["camera", "find", *map(str, arguments)])
        except SystemExit as end:
            code = end.code or 0
        return code, streams[0].getvalue().decode(), streams[1].getvalue().decode()


@pytest.fixture
def login(tmp_path: Path) -> tuple[object, ...]:
    path = tmp_path / "password"
    path.touch(0o600)
    path.write_text(f"{PHRASE}\n", encoding="utf-8")
    return ("--user", "gate", "--password-file", path)


def camera(**form):
    return OnvifCamera("gate", PHRASE, OnvifForm(**form))


def test_a_camera_is_found_and_what_to_write_is_what_the_configuration_takes(login):
    with camera(ahead_s=-10_000, login="token") as running:
        code, out, err = run(*HERE, "--search-port", running.search_port, "--within", 0.5, *login)
    assert code == 0
    assert f"{running.place} answers" in err
    assert f'{running.place}: Gate agent ONVIF emulator, firmware 1.0, called "Emulated camera"' in out
    assert "Its clock is 2 h 46 min behind" in out
    assert "small: H264, 640 x 360, 10 fps, a key picture every 1.0 s" in out
    assert PHRASE not in out + err
    table = out[out.index("[[lanes") :]
    (found,) = tomllib.loads(table)["lanes"]["LANE"]["cameras"]
    assert (found.pop("id"), found.pop("kind")) == ("front", "opencv")
    settings = OpenCvSettings.model_validate(found)
    assert settings.url == "rtsp://gate:PASSWORD@127.0.0.1:554/main?profile=1&trackID=1"
    assert settings.second_url is not None


def test_without_a_user_it_says_what_to_give_and_that_is_no_failure():
    with camera() as running:
        code, out, _ = run(running.place)
    assert code == 0
    assert "asks for a user and a password." in out
    assert "Give --user and --password-file" in out


def test_programs_get_the_same_without_the_password(login):
    with camera(profiles=(MAIN,)) as running:
        code, out, _ = run(running.place, "--json", *login)
    (found,) = json.loads(out)
    assert code == 0
    assert (found["maker"], found["main"], found["second"]) == ("Gate agent", "main", None)
    assert len(found["advice"]) == 1
    assert found["profiles"][0]["url"].startswith("rtsp://127.0.0.1")
    assert PHRASE not in out


def test_a_search_without_an_answer_says_what_to_check():
    with camera() as running:
        running.fault = OnvifFault.SILENT
        code, out, err = run(*HERE, "--search-port", running.search_port, "--within", 0.2)
    assert (code, out) == (1, "")
    assert "no camera answered within 0.2 s, asked from 127.0.0.1 (lo)" in err
    assert "gate-agent camera find 192.168.1.64" in err


@pytest.mark.parametrize(
    ("form", "fault", "words"),
    [
        ({}, OnvifFault.WRONG_LOGIN, "refuses the user gate"),
        ({}, OnvifFault.NOT_ONVIF, "turn ONVIF on"),
        ({"media": ()}, None, "offers no video"),
    ],
)
def test_what_is_wrong_is_said_and_is_a_failure(form, fault, words, login):
    with camera(**form) as running:
        running.fault = fault
        code, out, _ = run(running.place, *login)
    assert code == 1
    assert words in out


def test_where_a_camera_names_another_host_both_are_said(login):
    with camera(named_host="192.0.2.9") as running:
        _, out, _ = run(*HERE, "--search-port", running.search_port, "--within", 0.5)
        assert "It says that its address is 192.0.2.9, and answers from 127.0.0.1" in out
        code, out, _ = run(running.place, *login)
    assert code == 0
    assert "For its streams it names 192.0.2.9" in out
    assert 'url = "rtsp://gate:PASSWORD@127.0.0.1:554/main' in out


def test_a_camera_with_sound_alone_is_told_to_make_a_profile(login):
    with camera(profiles=()) as running:
        code, out, _ = run(running.place, *login)
    assert code == 0
    assert "It offers no stream" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--user", "gate"), "give --user and --password-file together"),
        (("--from", "192.0.2.1"), "not an address of this computer"),
        (("--password", "x"), "--password-file"),
        (("rtsp://192.168.1.64/",), "such as 192.168.1.64"),
        (("--user", "gate", "--password-file", "/nowhere"), "No such file"),
    ],
)
def test_what_was_mistyped_is_said(arguments, words):
    code, out, err = run(*arguments)
    assert code in {1, 2}
    assert words in out + err


def test_a_camera_cannot_steer_the_terminal(login):
    profile = EmulatedProfile("main", 640, 360)
    with camera(model="\x1b[2Jx", name="\x1b]0;y\x07", maker="ok", profiles=(profile,)) as running:
        _, out, _ = run(running.place, *login)
    assert "\x1b" not in out
