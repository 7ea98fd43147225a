"""The page Configuration against a real agent: forms, raw text, uploads, who comes second, and going back."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from urllib.parse import parse_qs

import pytest
from markupsafe import escape

from agent.console.configuration_form import blank, label_of
from agent.i18n import Language, translate
from agent.service.redaction import MASK
from drivers.text import Text
from tests.support.console.consoles import ConsoleGate, acts

CAMERA = """
[[lanes.out.cameras]]
id = "front"
kind = "simulated"
readers = ["qr"]
frame_rate_hz = 1
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A gate that runs without the camera which its file has in each test: a form needs no camera."""
    read_anew = []
    with ConsoleGate(tmp_path_factory.mktemp("configuration"), reload=lambda: read_anew.append(1)) as gate:
        gate.browser = cache(gate.browser)
        gate.read_anew = read_anew
        gate.text = gate.path.read_text(encoding="utf-8") + CAMERA
        yield gate


@pytest.fixture
def gate(running):
    running.path.write_text(running.text, encoding="utf-8")
    running.read_anew.clear()
    return running


def on_disk(gate):
    return tomllib.loads(gate.path.read_text(encoding="utf-8"))


def form(page):
    """What a browser would send of the first big form of a page, without its buttons."""
    text = page.text
    found = re.findall(r'<input\s+type="(?:hidden|text)"[^>]*\sname="([^"]+)"\s+value="([^"]*)"', text)
    sent = dict([*found, *re.findall(r'<textarea[^>]*\sname="([^"]+)"[^>]*>(.*?)</textarea>', text, re.DOTALL)])
    for name, body in re.findall(r'<select[^>]*\sname="([^"]+)"[^>]*>(.*?)</select>', text, re.DOTALL):
        chosen = re.search(r'<option\s+value="([^"]*)"\s+selected', body)
        sent[name] = chosen[1] if chosen else ""
    ticked = re.findall(r'<input\s+type="checkbox"\s+name="(f:[^"]+)"\s+value="([^"]*)"\s+checked', text)
    sent |= {name: [value for one, value in ticked if one == name] for name, _ in ticked}
    return sent


def proposal(answer):
    assert answer.status_code == 200, answer.text
    return re.search(r'name="proposal"\s+value="([^"]+)"', answer.text)[1]


def change(browser, path, **fields):
    """Fill in a form of a table and have it checked."""
    address = f"/settings/configuration/table?path={path}"
    sent = form(browser.get(address)) | {f"f:{name}": value for name, value in fields.items()}
    return browser.post(address, data=sent)


def apply(browser, answer):
    return browser.post("/settings/configuration/apply", data={"proposal": proposal(answer)})


# -------------------------------------------------------------------------------------------------------------- forms


def test_a_value_is_changed_by_a_form_shown_first_written_then_and_taken(gate):
    browser = gate.browser("technician")
    answer = change(browser, "lanes.out", **{"lanes.out.timing.read_s": "12"})
    assert "lanes.out.timing.read_s" in answer.text
    assert "30.0" in answer.text
    assert "timing" not in on_disk(gate)["lanes"]["out"], "nothing is written before the yes"
    assert "state " in apply(browser, answer).text
    assert on_disk(gate)["lanes"]["out"]["timing"] == {"read_s": 12}
    assert gate.read_anew == [1]
    journal = gate.app.parts.journal
    acted = [one for one in journal.range(1, journal.head) if one.type == "console.acted"]
    assert b"configuration.changed" in acted[-1].payload
    assert b"lanes.out.timing.read_s" in acted[-1].payload


def test_a_form_sent_as_it_was_changes_nothing(gate):
    browser = gate.browser("technician")
    for path in ("lanes.out", "mqtt", "permits", "console", "commands", "site"):
        answer = change(browser, path)
        assert (answer.status_code, "Nothing was changed" in answer.text) == (422, True), path


def test_an_emptied_field_goes_back_to_its_default(gate):
    browser = gate.browser("technician")
    apply(browser, change(browser, "lanes.out", **{"lanes.out.cameras[0].frame_rate_hz": ""}))
    assert "frame_rate_hz" not in on_disk(gate)["lanes"]["out"]["cameras"][0]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("lanes.out.timing.read_s", "soon", "a number"),
        ("lanes.out.timing.read_s", "99999", "600"),
        ("lanes.out.number", "[1, 2]", "a whole number"),
        ("lanes.out.relay.name", "x\x00y", "NUL"),
        ("lanes.out.signals.presence", "0", "presence"),
    ],
)
def test_a_value_that_does_not_fit_is_told_at_its_field_without_a_line_and_nothing_is_written(
    gate, field, value, words
):
    before = gate.path.read_bytes()
    browser = gate.browser("technician")
    answer = change(browser, "lanes.out", **{field: value})
    assert answer.status_code == 422
    assert "gate.toml" not in answer.text, "the file was not written: it has no such line"
    problems = answer.text.partition("</ul>")[0]
    place = re.search(r'<li data-field="([^"]+)">\s*<strong><a href="#\1">([^<]+)</a></strong>', problems)
    assert place is not None, problems
    assert (place[1], place[2]) == (f"k-{field}", field)
    assert words in problems
    assert f'id="k-{field}"' in browser.get("/settings/configuration/table?path=lanes.out").text
    assert gate.path.read_bytes() == before


def test_a_mistake_in_a_list_is_told_at_the_field_of_the_list(gate):
    answer = change(gate.browser("technician"), "lanes.out", **{"lanes.out.interlock": "nobody"})
    assert answer.status_code == 422
    assert 'data-field="k-lanes.out.interlock"><strong><a href="#k-lanes.out.interlock">lanes.out.interlock[0]' in (
        re.sub(r">\s+<", "><", answer.text)
    )


def test_a_mistake_in_a_text_or_an_upload_is_told_with_its_line(gate):
    browser = gate.browser("technician")
    raw = form(browser.get("/settings/configuration/raw"))
    answer = browser.post("/settings/configuration/raw?file=0", data=raw | {"content": gate.text + "nonsense = 1\n"})
    assert (answer.status_code, "nonsense" in answer.text) == (422, True)
    assert f"gate.toml:{gate.text.count(chr(10)) + 1}:" in answer.text


def test_a_camera_is_added_and_removed(gate):
    browser = gate.browser("technician")
    address = "/settings/configuration/add?path=lanes.out.cameras&kind=simulated"
    sent = form(browser.get(address)) | {"f:lanes.out.cameras[1].id": "back"}
    answer = browser.post(address, data=sent)
    assert "lanes.out.cameras[1].id" in answer.text
    apply(browser, answer)
    assert [one["id"] for one in on_disk(gate)["lanes"]["out"]["cameras"]] == ["front", "back"]
    seen = form(browser.get("/settings/configuration/table?path=lanes.out"))["seen"]
    apply(browser, browser.post("/settings/configuration/remove?path=lanes.out.cameras[0]", data={"seen": seen}))
    assert [one["id"] for one in on_disk(gate)["lanes"]["out"]["cameras"]] == ["back"]


def test_a_lane_is_added_with_its_board(gate):
    browser = gate.browser("technician")
    address = "/settings/configuration/add?path=lanes&name=in&kind=simulated"
    sent = form(browser.get(address)) | {"f:lanes.in.number": "2", "f:lanes.in.direction": "import"}
    apply(browser, browser.post(address, data=sent | {"f:lanes.in.relay.name": "in"}))
    assert on_disk(gate)["lanes"]["in"]["relay"] == {"kind": "simulated", "name": "in"}


def test_what_is_missing_in_a_new_table_is_told(gate):
    browser = gate.browser("technician")
    address = "/settings/configuration/add?path=lanes.out.cameras&kind=opencv"
    answer = browser.post(address, data=form(browser.get(address)))
    assert answer.status_code == 422
    assert 'data-field="k-lanes.out.cameras[1].url"' in answer.text
    assert "gate.toml" not in answer.text


def test_a_board_is_replaced_by_one_of_another_kind(gate):
    browser = gate.browser("technician")
    address = "/settings/configuration/add?path=lanes.out.relay&kind=lcus&replace=true"
    sent = form(browser.get(address)) | {"f:lanes.out.relay.port": "/dev/ttyUSB7"}
    apply(browser, browser.post(address, data=sent))
    assert on_disk(gate)["lanes"]["out"]["relay"] == {"kind": "lcus", "port": "/dev/ttyUSB7"}


# ------------------------------------------------------------------------------------------------------------- secrets


def test_no_secret_is_ever_shown_and_a_form_or_text_that_does_not_touch_it_keeps_it(gate):
    gate.path.write_text(gate.text + '[site]\nusername = "g"\npassword = "hunter2"\n', "utf-8")
    browser = gate.browser("admin")
    pages = [browser.get(f"/settings/configuration{rest}") for rest in ("", "/table?path=site", "/raw", "/history")]
    changed = change(browser, "site", **{"site.username": "h"})
    assert not any("hunter2" in page.text for page in (*pages, changed))
    apply(browser, changed)
    assert on_disk(gate)["site"] == {"username": "h", "password": "hunter2"}
    raw = form(browser.get("/settings/configuration/raw"))
    assert MASK in raw["content"]
    content = raw["content"].replace("&#34;", '"').replace("&#39;", "'").replace('username = "h"', 'username = "i"')
    apply(browser, browser.post("/settings/configuration/raw?file=0", data=raw | {"content": content.lstrip("\n")}))
    assert on_disk(gate)["site"] == {"username": "i", "password": "hunter2"}
    apply(browser, change(browser, "site", **{"site.password": "hunter3"}))
    assert "hunter3" in on_disk(gate)["site"].values()


# ------------------------------------------------------------------------------------------------ two, and hostile ones


def test_of_two_technicians_the_second_is_told_what_the_first_changed(gate):
    first, second = gate.browser("technician"), gate.browser("admin")
    address = "/settings/configuration/table?path=lanes.out"
    early = form(second.get(address)) | {"f:lanes.out.timing.read_s": "15"}
    waiting = second.post(address, data=early)
    apply(first, change(first, "lanes.out", **{"lanes.out.timing.read_s": "12"}))
    refused = apply(second, waiting)
    assert refused.status_code == 409
    assert "some-technician" in refused.text
    assert "lanes.out.timing.read_s" in refused.text
    assert second.post(address, data=early).status_code == 409
    assert on_disk(gate)["lanes"]["out"]["timing"]["read_s"] == 12


def test_a_proposal_is_applied_once_and_by_its_maker(gate):
    browser = gate.browser("technician")
    answer = change(browser, "lanes.out", **{"lanes.out.timing.read_s": "12"})
    number = {"proposal": proposal(answer)}
    assert gate.browser("admin").post("/settings/configuration/apply", data=number).status_code == 422
    assert browser.post("/settings/configuration/apply", data=number).status_code == 200
    assert browser.post("/settings/configuration/apply", data=number).status_code == 422
    assert gate.read_anew == [1]


def test_a_proposal_for_one_gate_is_none_for_another_and_ends_with_its_gate(gate, tmp_path):
    answer = change(gate.browser("technician"), "lanes.out", **{"lanes.out.timing.read_s": "12"})
    number = {"proposal": proposal(answer)}
    with ConsoleGate(tmp_path) as other:
        before = other.path.read_bytes()
        refused = other.browser("technician").post("/settings/configuration/apply", data=number)
        assert refused.status_code == 422
        assert other.path.read_bytes() == before
        own = change(other.browser("technician"), "lanes.out", **{"lanes.out.timing.read_s": "13"})
    with ConsoleGate(tmp_path) as started_again:
        refused = started_again.browser("technician").post(
            "/settings/configuration/apply", data={"proposal": proposal(own)}
        )
        assert refused.status_code == 422
        assert started_again.path.read_bytes() == before
    assert gate.browser("technician").post("/settings/configuration/apply", data=number).status_code == 200


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "UTF-8"),
        (b"x" * (1 << 19), "larger than"),
        (b"[gate\nid = 1\n", "gate.toml:1:"),
        (b"", "version"),
        (b"version = 1\n[gate]\nidd = 'x'\n", "did you mean"),
    ],
)
def test_an_upload_that_is_no_configuration_is_refused_with_its_errors(gate, data, words):
    browser, before = gate.browser("technician"), gate.path.read_bytes()
    seen = form(browser.get("/settings/configuration"))["seen"]
    answer = browser.post("/settings/configuration/upload", data={"seen": seen}, files={"upload": ("gate.toml", data)})
    assert answer.status_code == 422
    assert words in answer.text
    assert gate.path.read_bytes() == before


def upload(browser, text):
    seen = form(browser.get("/settings/configuration"))["seen"]
    return browser.post(
        "/settings/configuration/upload", data={"seen": seen}, files={"upload": ("gate.toml", text.encode())}
    )


CONTENT = "MC4CAQAwBQYDK2VwBCIEIEXAMPLEsecretbytes"
KEY = f"-----BEGIN PRIVATE KEY-----\n{CONTENT}\n-----END PRIVATE KEY-----\n"


@pytest.fixture
def secret(gate, tmp_path):
    """A key outside the configuration's folder, and names in the folder that lead to it or are none
    of a configuration.
    """
    outside = tmp_path / "gate.key"
    names = {
        "outside": outside,
        "sibling": gate.path.parent.parent / "stranger.toml",
        "key": gate.path.parent / "practice.key",
        "link": gate.path.parent / "link.toml",
        "folder": gate.path.parent / "linked",
    }
    for name in ("outside", "sibling", "key"):
        names[name].write_text(KEY, encoding="ascii")
    names["link"].symlink_to(outside)
    names["folder"].symlink_to(tmp_path)
    (tmp_path / "inner.toml").write_text(KEY, encoding="ascii")
    yield names
    for name in ("sibling", "key", "link", "folder"):
        names[name].unlink()


@pytest.mark.parametrize(
    "name",
    [
        "{outside}",
        "/proc/self/environ",
        "{sibling}",
        "../stranger.toml",
        "practice.key",
        "link.toml",
        "linked/inner.toml",
        "nothing/../../stranger.toml",
    ],
)
def test_nothing_of_a_file_outside_the_configuration_is_read_through_an_include(gate, secret, name):
    browser = gate.browser("technician")
    named = name.format(**secret)
    answer = upload(browser, f'include = ["{named}"]\n{gate.text}')
    assert answer.status_code == 422
    for word in (CONTENT, "PRIVATE KEY", "PATH="):
        assert word not in answer.text
    assert "is not a .toml file in the folder of the configuration" in answer.text


def test_what_an_included_file_includes_stays_in_the_folder_too(gate, secret):
    inner = gate.path.parent / "inner.toml"
    inner.write_text(f'include = ["{secret["outside"]}"]\n', encoding="utf-8")
    try:
        answer = upload(gate.browser("technician"), f'include = ["inner.toml"]\n{gate.text}')
    finally:
        inner.unlink()
    assert answer.status_code == 422
    assert CONTENT not in answer.text


@pytest.mark.parametrize(
    "keys",
    [
        '[permits]\ntrust_list = "{outside}"',
        '[mqtt]\nca_file = "{outside}"',
        '[mqtt]\ncertificate_file = "{outside}"\nkey_file = "{outside}"',
        '[site]\nca_file = "{outside}"',
        '[console]\ncertificate_file = "{outside}"\nkey_file = "{outside}"',
        '[state]\ndirectory = "{outside}"',
    ],
)
def test_no_answer_quotes_a_file_that_a_key_names(gate, secret, keys):
    browser = gate.browser("technician")
    section = keys.partition("\n")[0]
    text = re.sub(rf"(?ms)^{re.escape(section)}$.*?(?=^\[|\Z)", "", gate.text) + "\n" + keys.format(**secret) + "\n"
    answer = upload(browser, text)
    pages = [answer.text]
    if answer.status_code == 200:
        apply(browser, answer)
        pages += [
            browser.get(page).text
            for page in (
                "/settings/configuration",
                "/settings/configuration/raw",
                "/health",
                "/settings/configuration/history",
            )
        ]
    assert CONTENT not in "".join(pages)


def proposals(gate):
    """What was recorded of changes of the configuration: (person, act, done, detail)."""
    return [
        (one["person"], one["act"], one["done"], one["detail"]) for one in acts(gate) if one["act"].startswith("config")
    ]


def test_every_proposal_is_an_event_with_who_and_what_it_would_change(gate):
    browser, before = gate.browser("technician"), len(proposals(gate))
    change(browser, "lanes.out", **{"lanes.out.timing.read_s": "12"})
    (told,) = proposals(gate)[before:]
    assert told[:3] == ("some-technician", "configuration.proposed", True)
    assert "lanes.out.timing.read_s" in told[3]
    assert "gate.toml" in told[3]


def test_a_refused_proposal_is_an_event_too(gate, secret):
    browser, before = gate.browser("technician"), len(proposals(gate))
    upload(browser, f'include = ["{secret["outside"]}"]\n{gate.text}')
    browser.post("/settings/configuration/upload", data={"seen": "x"}, files={"upload": ("gate.toml", b"\xff\xfe")})
    upload(browser, "[gate\n")
    change(browser, "lanes.out")
    told = proposals(gate)[before:]
    assert [one[:3] for one in told] == [("some-technician", "configuration.proposed", False)] * 4
    assert str(secret["outside"]) in told[0][3]
    assert CONTENT not in str(told)


def test_a_broken_file_on_the_disk_is_reported_and_fixed_as_text(gate):
    good = gate.path.read_text(encoding="utf-8")
    gate.path.write_text(good.replace("[gate]", "[gate"), encoding="utf-8")
    browser = gate.browser("technician")
    assert "cannot be used" in browser.get("/live/configuration").text
    assert browser.get("/settings/configuration/table?path=gate").status_code == 409
    raw = form(browser.get("/settings/configuration/raw"))
    answer = browser.post("/settings/configuration/raw?file=0", data=raw | {"content": good})
    apply(browser, answer)
    assert gate.path.read_text(encoding="utf-8") == good


def test_a_folder_that_cannot_be_written_is_told_plainly(gate, monkeypatch):
    browser = gate.browser("technician")
    answer = change(browser, "lanes.out", **{"lanes.out.timing.read_s": "12"})

    def refuse(*_args, **_more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("agent.settings.editing.change_and_undo.replace_file", refuse)
    refused = apply(browser, answer)
    assert (refused.status_code, "ReadWritePaths=" in refused.text) == (422, True)
    assert gate.read_anew == []


@pytest.mark.parametrize(
    "path", ["", "nothing", "lanes.none", "lanes.out.timing.read_s", "a[", "lanes.out.cameras[9]", "x" * 301]
)
def test_a_table_that_is_not_there_is_not_found(gate, path):
    assert gate.browser("technician").get("/settings/configuration/table", params={"path": path}).status_code in (
        404,
        422,
    )


# -------------------------------------------------------------------------------------------------------------- history


def test_any_of_the_last_states_can_be_brought_back(gate):
    browser = gate.browser("technician")
    before = gate.path.read_text(encoding="utf-8")
    apply(browser, change(browser, "lanes.out", **{"lanes.out.timing.read_s": "12"}))
    page = browser.get("/settings/configuration/history")
    assert "lanes.out.timing.read_s" in page.text
    number = int(re.search(r'name="number"\s+value="(\d+)"', page.text)[1])
    answer = browser.post("/settings/configuration/undo", data={"seen": form(page)["seen"], "number": number})
    apply(browser, answer)
    assert gate.path.read_text(encoding="utf-8") == before
    none = browser.post("/settings/configuration/undo", data={"seen": form(page)["seen"], "number": 9999})
    assert none.status_code == 422


# -------------------------------------------------------------------------------------------------------------- showing


@pytest.mark.parametrize("language", Language)
def test_every_section_and_lane_has_its_form_in_every_language(gate, language):
    browser = gate.browser("technician")
    ask = {"accept-language": language}
    page = browser.get("/settings/configuration", headers=ask)
    waiting = Text("Waiting: the gate uses the new configuration as soon as no vehicle is under way")
    assert translate(waiting, language) in page.text
    paths = re.findall(r'href="/settings/configuration/table\?([^"]+)"', page.text)
    assert len(paths) >= 15
    for path in paths:
        found = browser.get(f"/settings/configuration/table?{path}", headers=ask)
        assert found.status_code == 200, parse_qs(path)
        assert translate(Text("Check and show what would change"), language) in found.text
        assert '<span lang="en">' not in found.text
    lane = browser.get("/settings/configuration/table?path=lanes.out", headers=ask).text
    for described in (
        "What a vehicle needs to pass the lane.",
        "Seconds to wait for a decision after the permit was read.",
        "Frame rate in fps.",
    ):
        label, _help = label_of(translate(Text(described), Language(language)))
        assert str(escape(label)) in lane, described


@pytest.mark.parametrize("language", Language)
def test_mistakes_and_what_cannot_be_done_are_told_in_the_readers_language(gate, language):
    browser, ask = gate.browser("technician"), {"accept-language": language}
    seen = {
        "w:log.level": "info",
        "f:log.level": "loud",
        "seen": form(browser.get("/settings/configuration/table?path=log"))["seen"],
    }
    wrong = browser.post("/settings/configuration/table?path=log", data=seen, headers=ask)
    expected = Text("expected {kind}", kind=Text("one of {words}", words='"debug", "info", "warning", "error"'))
    message = Text("{message}; got {value}", message=expected, value='"loud"')
    assert (wrong.status_code, str(escape(translate(message, Language(language)))) in wrong.text) == (422, True)
    address = "/settings/configuration/remove?path=lanes.out.scanners%5B7%5D"
    absent = browser.post(address, data={"seen": seen["seen"]}, headers=ask)
    why = translate(Text("{key} is not set", key="lanes.out.scanners[7]"), Language(language))
    assert (absent.status_code, why in absent.text) == (422, True)


@pytest.mark.parametrize("language", Language)
def test_how_a_state_came_to_be_is_told_in_the_readers_language(gate, language):
    browser = gate.browser("technician")
    apply(
        browser, change(browser, "lanes.out", **{"lanes.out.timing.read_s": str(11 + list(Language).index(language))})
    )
    page = browser.get("/settings/configuration/history", headers={"accept-language": language}).text
    assert translate(Text("changed: {what}", what="lanes.out"), language) in page
    assert translate(Text("edited manually"), language) in page


def test_a_viewer_sees_none_of_it(gate):
    viewer = gate.browser("viewer")
    for path in (
        "/settings/configuration",
        "/settings/configuration/raw",
        "/settings/configuration/history",
        "/settings/configuration/table?path=mqtt",
    ):
        assert viewer.get(path).status_code == 403


@pytest.mark.parametrize(
    ("described", "label", "rest"),
    [
        ("Name of the gate; the CN of its certificate.", "Name of the gate", "The CN of its certificate."),
        ("How long a pulse is.", "How long a pulse is", ""),
        ("Port of the service: 8480 by default", "Port of the service", "8480 by default"),
        ("检查点名称。其证书的 CN。", "检查点名称", "其证书的 CN。"),
        ("no end", "no end", ""),
        ("Best /dev/serial/by-id/... or by-path/...", "Best /dev/serial/by-id/... or by-path/...", ""),
        ("", "", ""),
    ],
)
def test_what_describes_a_key_is_its_label_and_its_help(described, label, rest):
    assert label_of(described) == (label, rest)


def test_settings_are_found_by_words_and_by_key(gate):
    browser = gate.browser("technician")
    by_key = browser.get("/settings/configuration/search", params={"q": "TIMING.read_s"}).text
    assert "/settings/configuration/table?path=lanes.out#k-lanes.out.timing.read_s" in by_key
    level = blank(("log",), "").fields[0]
    words, _help = label_of(translate(level.description, Language.ZH))
    by_words = browser.get(
        "/settings/configuration/search", params={"q": words}, headers={"accept-language": "zh"}
    ).text
    assert f"#k-{level.name}" in by_words
    none = browser.get("/settings/configuration/search", params={"q": "<b>nothing"}).text
    assert "No setting contains “&lt;b&gt;nothing”" in none
    assert browser.get("/settings/configuration/search", params={"q": " "}).text.strip() == ""
    assert gate.browser("viewer").get("/settings/configuration/search", params={"q": "log"}).status_code == 403
