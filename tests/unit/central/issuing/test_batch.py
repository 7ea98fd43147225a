"""Permits by the thousand: every mistake is named before the first is signed, and nothing is ever half written."""

from __future__ import annotations

import csv
import json
import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
import zxingcpp
from PIL import Image
from typer.testing import CliRunner

from agent.cli import exit_codes
from agent.cli.permit import app
from agent.core.lists.codec import decode_row
from agent.core.model.list_kinds import ListKind
from agent.core.model.list_rows import Declaration, DeclarationStatus
from agent.core.model.reasons import Reason
from agent.core.permit.claims import PermitForm
from agent.core.permit.driver_id import driver_hmac
from agent.core.permit.issue import Issuer, trust_list
from agent.core.permit.permit_verification import GateContext, verify_permit
from agent.core.permit.reference import digest_of_reference
from agent.core.permit.vin import check_digit
from central.issuing import Level, OutputError, Pictures, Symbol
from central.issuing.batch import issue_batch
from central.issuing.issuer import PermitIssuer
from central.issuing.order import Terms
from central.issuing.orders_file import read_orders
from central.issuing.permit_pictures import symbols
from central.issuing.sheet import FONT_FILE, Layout, SheetError, card_lines, write_sheet
from central.publishing.records import SourceError
from central.publishing.sources import entries
from tests.support.pki.permits import KEY, NOW, PERMIT
from tests.support.waiting import eventually

NUMBER = "941120260000012345"


def vin(number):
    text = f"LSVAA49J1320{number:05d}"
    return text[:8] + check_digit(text) + text[9:]


def orders(path, rows, columns=("declaration", "vin", "plate")):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def many(path, count):
    return orders(path, [(NUMBER, vin(number), f"新A{number:05d}") for number in range(count)])


@pytest.fixture
def key(tmp_path):
    file = tmp_path / "issuer.pem"
    file.write_bytes(KEY.to_pem())
    return file


def batch(source, key, out, *more):
    options = ("--key", key, "--issuer", "KHE", "--site", 9411, "--out", out)
    return CliRunner().invoke(app, [str(word) for word in ("batch", source, *options, *more)])


def issuer(form=PermitForm.SIGNED, **terms):
    return PermitIssuer(KEY, Terms("KHE", 9411, **terms), form)


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def verified(text, references=None):
    context = GateContext(9411, 1, "export", clock_trusted=True, clock_skew_s=0, forms=frozenset(PermitForm))
    keys = trust_list([Issuer("KHE", KEY)], NOW - 60)
    return verify_permit(text.encode(), context, keys, NOW + 1, references or {})


def test_each_line_becomes_a_permit_a_picture_and_a_declaration(tmp_path, key):
    made = batch(many(tmp_path / "orders.csv", 5), key, tmp_path / "out")
    assert made.exit_code == exit_codes.OK, made.output
    permits = table(tmp_path / "out" / "permits.csv")
    assert [row["vin"] for row in permits] == [vin(number) for number in range(5)]
    for row in permits:
        (found,) = zxingcpp.read_barcodes(
            Image.open(tmp_path / "out" / f"{row['permit_id']}.png").convert("L"), formats=zxingcpp.BarcodeFormat.QRCode
        )
        assert (found.text, found.ec_level) == (row["text"], "M")
    listed = [
        decode_row(ListKind.DECLARATIONS, entry.data)
        for entry in entries(tmp_path / "out" / "declarations.csv", ListKind.DECLARATIONS, 9411)
    ]
    assert [(row.permit_id.hex(), row.vin, row.status) for row in listed] == [
        (row["permit_id"], row["vin"], DeclarationStatus.RELEASED) for row in permits
    ]
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700


def test_all_that_an_order_can_say_comes_back_from_the_declarations(tmp_path):
    said = {
        "declaration": "941120261000012345",
        "vin": "wba71dc010ch14720",
        "plate": "新A·D12345",
        "plate_kind": "new_energy_small",
        "energy": "2",
        "lanes": "3 1",
        "max_uses": "4",
        "not_before": "2026-11-24T08:00:00+08:00",
        "hours": "5",
        "permit_id": "00112233445566ff",
        "driver_id": "E 1234",
        "exporter": "霍尔果斯汽车",
        "model": "X",
        "colour": "白",
    }
    source = orders(tmp_path / "orders.csv", [said.values()], said)
    secret = bytes(16)
    (checked,) = read_orders(source, issuer(driver_key=secret), NOW)
    assert checked.permit.driver_hmac == driver_hmac(secret, "E1234")
    issue_batch([checked], issuer(PermitForm.REFERENCE), tmp_path / "out", Pictures(None))
    (entry,) = entries(tmp_path / "out" / "declarations.csv", ListKind.DECLARATIONS, 9411)
    (row,) = table(tmp_path / "out" / "permits.csv")
    begin = 1_795_478_400
    assert decode_row(ListKind.DECLARATIONS, entry.data) == Declaration(
        bytes.fromhex("00112233445566ff"),
        DeclarationStatus.RELEASED,
        "KHE",
        begin,
        begin + 5 * 3600,
        941120261000012345,
        "WBA71DC010CH14720",
        "新AD12345",
        "new_energy_small",
        2,
        9411,
        0b101,
        "import",
        4,
        digest_of_reference(row["text"].encode()),
        "霍尔果斯汽车",
        "X",
        "白",
    )


@pytest.mark.parametrize("form", [PermitForm.SIGNED, PermitForm.JWS, PermitForm.REFERENCE])
def test_permits_of_every_form_are_accepted_at_a_gate(tmp_path, form):
    made = issue_batch(
        read_orders(many(tmp_path / "orders.csv", 3), issuer(), NOW), issuer(form), tmp_path / "out", Pictures(None)
    )
    references = {each.declaration.reference: each.declaration for each in made}
    for each in made:
        result = verified(each.text, references)
        assert (result.reason, result.permit.permit_id) == (Reason.OK, each.permit.permit_id)


def test_orders_may_come_as_json_lines(tmp_path):
    source = tmp_path / "orders.jsonl"
    source.write_text(json.dumps({"declaration": NUMBER, "vin": vin(1), "lanes": [1, 2], "energy": 3}) + "\n")
    (checked,) = read_orders(source, issuer(), NOW)
    assert (checked.permit.lane_mask, checked.permit.energy, checked.line) == (0b11, 3, 1)


BAD = {
    "declaration,vin\n1,LSVAA49J132047371\n": ["orders.csv:2: declaration: expected 18 digits"],
    "declaration,vin\n9.41E+17,LSVAA49J132047371\n": ["a spreadsheet has rounded it"],
    f"declaration,vin\n{NUMBER},LSVAA49J13204737I\n": ["orders.csv:2: vin:", "did you mean LSVAA49J132047371?"],
    f"declaration,vin\n{NUMBER},LSVAA49J132047372\n": ["vin: expected", "at place 9, the check digit"],
    f"declaration,vin,plate_kind,plate\n{NUMBER},LSVAA49J132047371,civl,新A12345\n": ["did you mean civil?"],
    f"declaration,vin,plate\n{NUMBER},LSVAA49J132047371,?\n": ["plate: expected a plate of China or Kazakhstan"],
    f"declaration,vin,plate\n{NUMBER},LSVAA49J132047371,bad plate 7!!\n": [
        "plate: expected a plate: letters and digits"
    ],
    f"declaration,vin,plate\n{NUMBER},LSVAA49J132047371,BADPLATE\n": ["plate: expected a plate with a digit in it"],
    f"declaration,vin,plate_kind\n{NUMBER},LSVAA49J132047371,civil\n": [
        "plate: expected a plate, for its kind is named"
    ],
    f"declaration,vin,energy\n{NUMBER},LSVAA49J132047371,6\n": ["energy: expected a code from 1 to 5"],
    f"declaration,vin,energy\n{NUMBER},LSVAA49J132047371,x\n": ["energy: expected a code from 1 to 5, not 'x'"],
    f"declaration,vin,lanes\n{NUMBER},LSVAA49J132047371,33\n": ["lanes: expected numbers from 1 to 32"],
    f"declaration,vin,max_uses\n{NUMBER},LSVAA49J132047371,0\n": ["max_uses: expected a number from 1 to 1000"],
    f"declaration,vin,not_before\n{NUMBER},LSVAA49J132047371,2026-11-24 08:00\n": [
        "not_before: expected Unix seconds or"
    ],
    f"declaration,vin,expires_at,hours\n{NUMBER},LSVAA49J132047371,1800000000,1\n": ["expires_at says it already"],
    f"declaration,vin,not_before,expires_at\n{NUMBER},LSVAA49J132047371,1800000000,1800000000\n": [
        "a time after not_before"
    ],
    f"declaration,vin,permit_id\n{NUMBER},LSVAA49J132047371,0011\n": ["permit_id: expected 16 hexadecimal digits"],
    f"declaration,vin,driver_id\n{NUMBER},LSVAA49J132047371,E1\n": ["driver_id: expected the site's key"],
    f"declaration,vin\n{NUMBER},LSVAA49J132047371\n{NUMBER},LSVAA49J132047371\n": [
        "orders.csv:3: vin:",
        "line 2 has it",
    ],
    f"declaration,vin,plates\n{NUMBER},LSVAA49J132047371,\n": ["no column 'plates'; do you mean plate?"],
    "declaration,plate\n1,2\n": ["the column vin is missing"],
    "declaration,vin\n": ["there is no order in it"],
    "": ["it is empty"],
    f"declaration;vin\n{NUMBER};LSVAA49J132047371\n": ["no column"],
}


@pytest.mark.parametrize(("content", "said"), BAD.items(), ids=[words[-1] for words in BAD.values()])
def test_every_mistake_is_named_with_its_line_its_column_and_what_would_be_right(tmp_path, key, content, said):
    source = tmp_path / "orders.csv"
    source.write_text(content, encoding="utf-8")
    made = batch(source, key, tmp_path / "out")
    assert made.exit_code == exit_codes.FAILED
    for words in said:
        assert words in made.stderr
    assert [file.name for file in tmp_path.iterdir() if file.is_dir()] == []


def test_all_mistakes_of_a_file_are_told_together_up_to_twenty(tmp_path):
    rows = [(NUMBER, vin(number), "新A12345") for number in range(100)]
    rows[10:40] = [("1", "2", "3")] * 30
    with pytest.raises(SourceError) as caught:
        read_orders(orders(tmp_path / "orders.csv", rows), issuer(), NOW)
    assert [line for line, _ in caught.value.problems][:4] == [12, 12, 12, 13]
    assert (len(caught.value.problems), caught.value.total) == (20, 90)


def test_a_wrong_check_digit_passes_where_the_issuer_says_so(tmp_path, key):
    source = orders(tmp_path / "orders.csv", [(NUMBER, "LSVAA49J132047372", "")])
    assert batch(source, key, tmp_path / "out", "--pictures", "none").exit_code == exit_codes.FAILED
    assert batch(source, key, tmp_path / "out", "--pictures", "none", "--any-check-digit").exit_code == exit_codes.OK


def test_a_file_in_another_encoding_is_refused_with_a_word(tmp_path, key):
    source = tmp_path / "orders.csv"
    source.write_bytes(f"declaration,vin,plate\n{NUMBER},{vin(1)},新A12345\n".encode("gb18030"))
    assert "not UTF-8" in batch(source, key, tmp_path / "out").stderr


def test_nothing_is_written_over_and_nothing_is_left_behind_after_an_error(tmp_path):
    checked = read_orders(many(tmp_path / "orders.csv", 3), issuer(), NOW)
    out = tmp_path / "out"

    def fails(folder, issued):
        assert (folder / "permits.csv").exists()
        raise OutputError("the disk is full")

    with pytest.raises(OutputError, match="the disk is full"):
        issue_batch(checked, issuer(), out, Pictures("svg"), more=fails)
    assert [file.name for file in tmp_path.iterdir()] == ["orders.csv"]
    out.mkdir()
    with pytest.raises(OutputError, match="there already"):
        issue_batch(checked, issuer(), out, Pictures("svg"))
    assert list(out.iterdir()) == []
    with pytest.raises(OutputError, match="cannot be written"):
        issue_batch(checked, issuer(), tmp_path / "orders.csv" / "out", Pictures(None))


def test_many_pictures_are_drawn_by_several_processes_in_order(tmp_path):
    checked = read_orders(many(tmp_path / "orders.csv", 70), issuer(), NOW)
    told = []
    issued = issue_batch(checked, issuer(), tmp_path / "out", Pictures("svg", Level.L, 2), told.append)
    assert sum(told) == 70
    assert len(list((tmp_path / "out").glob("*.svg"))) == 70
    codes = list(symbols([each.text for each in issued], Level.L))
    assert codes == [Symbol.of(each.text, Level.L) for each in issued]


# ------------------------------------------------------------------------------------------------ the sheet


needs_font = pytest.mark.skipif(not FONT_FILE.exists(), reason="the package fonts-wqy-microhei is not installed")


def test_a_sheet_of_latin_plates_needs_no_font_and_its_codes_can_be_read(tmp_path):
    """The codes are read from a drawing of the same runs: no PDF renderer is among the tools of the tests."""
    permits = [PERMIT] * 9
    codes = [Symbol.of("GP1:ABC")] * 9
    write_sheet(tmp_path / "sheet.pdf", permits, codes, Layout(8, font=tmp_path / "nowhere"))
    data = (tmp_path / "sheet.pdf").read_bytes()
    assert data.startswith(b"%PDF-")
    assert data.count(b"/Type /Page\n") == 2
    picture = Image.new("L", (codes[0].modules + 8,) * 2, 255)
    for column, row, length in codes[0].runs():
        for place in range(length):
            picture.putpixel((4 + column + place, 4 + row), 0)
    (found,) = zxingcpp.read_barcodes(
        picture.resize([side * 4 for side in picture.size], Image.Resampling.NEAREST),
        formats=zxingcpp.BarcodeFormat.QRCode,
    )
    assert found.text == "GP1:ABC"


def test_a_card_says_what_a_person_needs_and_no_more():
    lines = card_lines(PERMIT, ZoneInfo("Asia/Shanghai"))
    assert lines == ("(no plate)", "VIN ...047371", "2026-11-18 18:06 - 2026-11-21 19:06 +08:00", "0001020304050607")


def test_a_font_that_is_missing_is_named_with_its_package(tmp_path, key):
    source = many(tmp_path / "orders.csv", 1)
    made = batch(source, key, tmp_path / "out", "--pictures", "none", "--sheet", 8, "--font", tmp_path / "nowhere.ttf")
    assert made.exit_code == exit_codes.FAILED
    assert "fonts-wqy-microhei" in made.stderr
    assert not (tmp_path / "out").exists()


@needs_font
def test_a_sheet_of_chinese_plates_carries_its_letters_with_it(tmp_path, key):
    source = many(tmp_path / "orders.csv", 10)
    made = batch(source, key, tmp_path / "out", "--sheet", 8, "--zone", "Asia/Shanghai", "--level", "Q")
    assert made.exit_code == exit_codes.OK, made.output
    data = (tmp_path / "out" / "sheet.pdf").read_bytes()
    assert b"/FontFile2" in data
    assert len(data) < 500_000


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--sheet", 7), "a page has 1, 2, 4, 6, 8, 12, 15 cards"),
        (("--sheet", 8, "--zone", "Mars/Base"), "not a time zone"),
    ],
)
def test_a_sheet_that_cannot_be_made_is_said_before_anything_is_written(tmp_path, key, more, said):
    made = batch(many(tmp_path / "orders.csv", 1), key, tmp_path / "out", *more)
    assert made.exit_code == exit_codes.FAILED
    assert said in made.stderr
    assert not (tmp_path / "out").exists()


@needs_font
def test_a_letter_that_the_font_lacks_is_named(tmp_path):
    odd = replace(PERMIT, plate="\U0001f697")
    with pytest.raises(SheetError, match="has no letter"):
        write_sheet(tmp_path / "sheet.pdf", [odd], [Symbol.of("x")], Layout())


def test_a_program_that_reads_along_is_told_no_progress(tmp_path, key):
    assert batch(many(tmp_path / "orders.csv", 2), key, tmp_path / "out").stderr == ""


def test_a_batch_that_is_killed_leaves_no_folder_that_looks_whole(tmp_path, key):
    source = many(tmp_path / "orders.csv", 3000)
    words = ["batch", source, "--key", key, "--issuer", "KHE", "--site", "9411", "--out", tmp_path / "out"]
    process = subprocess.Popen([sys.executable, "-m", "agent.cli.main", "permit", *words], start_new_session=True)
    try:
        eventually(lambda: list(tmp_path.glob("out.unfinished-*/*.png")), within_s=60, what="the first picture")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not (tmp_path / "out").exists()
    again = batch(orders(source, [(NUMBER, vin(1), "")]), key, tmp_path / "out", "--pictures", "none")
    assert again.exit_code == exit_codes.OK
