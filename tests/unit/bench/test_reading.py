"""The reading bench: its rule for right and wrong, engines that are missing, die or hang, its
pictures and its tables.
"""

from __future__ import annotations

import signal
import sys
from collections import Counter
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest
import zxingcpp

from bench import bar_chart, curve_views, curves, line_chart, reading_log
from bench.reading_drawn import CODE_AT, code_flat, glyphs_in, permit, plate_of, plate_set, written, yard
from bench.reading_engines import ENGINES, Engine, Subject
from bench.reading_markdown import markdown
from bench.reading_ocr import plates_among
from bench.reading_ocr import written as as_number
from bench.reading_process import EngineLostError, EngineMissingError, EngineProcess, command
from bench.reading_run import MOST_LOST, run
from bench.reading_score import Tally, Verdict, accepted, judged_codes, judged_plates, total
from bench.reading_sets import HELD_BACK, TUNED_ON, LabelledSet, Picture, half_of, photographs
from bench.reading_tables import filled, tables
from bench.sights import Sight, seen
from training.drawing import DrawnKind

if TYPE_CHECKING:
    from pathlib import Path

LABELS = ("A", "B", "")

# ---------------------------------------------------------------------------------------------- right and wrong


@pytest.mark.parametrize(
    ("texts", "label", "verdict"),
    [
        (["A"], "A", Verdict.READ),
        (["x", "A"], "A", Verdict.READ),
        ([], "A", Verdict.NOTHING),
        (["x"], "A", Verdict.WRONG),
        (["B"], "A", Verdict.OTHER),
        (["B", "x"], "A", Verdict.OTHER),
        (["x"], "", Verdict.OTHER),
        ([], "", Verdict.NOTHING),
    ],
    ids=["the label", "among others", "nothing", "a wrong text", "another code of the set", "and a wrong one beside it",
         "no label", "no label and nothing read"],
)  # fmt: skip
def test_a_code_is_judged_by_the_labels_of_its_set(texts, label, verdict):
    assert judged_codes(texts, label, LABELS) is verdict


def test_whatever_is_read_in_a_set_without_codes_is_wrong():
    assert judged_codes(["A"], "", LABELS, empty=True) is Verdict.WRONG
    assert judged_codes([], "", LABELS, empty=True) is Verdict.NOTHING


def test_line_ends_and_a_wrongly_guessed_character_set_make_no_text_wrong():
    assert judged_codes(["one\r\ntwo"], "one\ntwo", ["one\ntwo"]) is Verdict.READ
    mangled = "探そう".encode("shift_jis").decode("latin-1")
    assert judged_codes([mangled], "探そう", ["探そう"]) is Verdict.READ


def test_a_plate_is_judged_by_the_first_text_alone():
    assert judged_plates(["新A12345", "新A12346"], ["新A12345"]) is Verdict.READ
    assert judged_plates(["新A12346", "新A12345"], ["新A12345"]) is Verdict.WRONG
    assert judged_plates([], ["新A12345"]) is Verdict.NOTHING


def test_pictures_without_a_label_stay_in_the_count():
    tally = Tally()
    for verdict in (Verdict.READ, Verdict.OTHER, Verdict.NOTHING, Verdict.LOST):
        tally.add(verdict, "any")
    assert (tally.read, tally.wrong, tally.count) == (1, 0, 4)
    assert total([tally, tally]).by_kind["any"].total() == 8


def test_what_was_held_back_is_counted_apart_and_its_half_is_told_by_the_name_of_the_file():
    names = [f"photograph-{number}.jpg" for number in range(200)]
    held = [name for name in names if half_of(name) == HELD_BACK]
    assert 70 < len(held) < 130
    assert {half_of(name) for name in names} == {HELD_BACK, TUNED_ON}
    tally = Tally()
    tally.add(Verdict.READ, "any", HELD_BACK)
    tally.add(Verdict.WRONG, "any", TUNED_ON)
    tally.add(Verdict.READ, "any")
    both = total([tally, tally])
    assert both.by_half == {HELD_BACK: Counter({Verdict.READ: 2}), TUNED_ON: Counter({Verdict.WRONG: 2})}
    assert both.count == 6


def test_of_the_answers_that_would_be_accepted_the_wrong_ones_are_counted_apart():
    tally = Tally(confidences=[(0.99, True), (0.95, False), (0.5, False)])
    assert accepted(tally, 0.9) == (1, 2)


# --------------------------------------------------------------------------------------------------- engines

HELLO = (
    "import sys, json\nsay = lambda what: print(json.dumps(what), "
    "flush=True)\nsay({'ready': True, 'versions': {'p': '1'}})\n"
)
ANSWER = "say({'texts': [['A', 0.5]], 'ms': 1.0, 'peak_mb': 2.0})\n"


def peer(body: str) -> list[str]:
    return [sys.executable, "-c", HELLO + body]


ANSWERS = peer(f"for line in sys.stdin:\n    {ANSWER}")
DIES = peer(f"sys.stdin.readline()\n{ANSWER}sys.stdin.readline()\nsys.exit(3)")
HANGS = peer("sys.stdin.readline()\nimport threading\nthreading.Event().wait()")
MUMBLES = peer("sys.stdin.readline()\nprint('segmentation fault', flush=True)\nsys.stdin.readline()")


def test_an_engine_answers_in_json_lines(tmp_path: Path):
    with EngineProcess(ANSWERS) as engine:
        answer = engine.ask(tmp_path)
        assert (answer.texts, answer.ms, answer.peak_mb) == ([("A", 0.5)], 1.0, 2.0)
        assert engine.versions == {"p": "1"}


@pytest.mark.parametrize(
    ("body", "why"),
    [(DIES, "ended with 3"), (MUMBLES, "nonsense")],
    ids=["dies", "mumbles"],
)
def test_an_engine_that_dies_or_mumbles_is_ended_and_named(tmp_path: Path, body: list[str], why: str):
    engine = EngineProcess(body)
    with pytest.raises(EngineLostError, match=why):
        list(map(engine.ask, [tmp_path] * 3))
    assert engine._child.returncode is not None


def test_an_engine_that_hangs_is_killed_by_its_deadline(tmp_path: Path):
    engine = EngineProcess(HANGS, deadline_s=0.3)
    with pytest.raises(EngineLostError, match=r"no answer within 0\.3 s"):
        engine.ask(tmp_path)
    assert engine._child.returncode == -signal.SIGKILL


def test_an_engine_whose_environment_is_not_there_is_missing(tmp_path: Path):
    with pytest.raises(EngineMissingError, match="setup_reading"):
        EngineProcess([str(tmp_path / "python"), "-m", "bench.reading_worker", "rapidocr"])


def test_an_engine_whose_package_is_not_there_says_which():
    with pytest.raises(EngineMissingError, match="rapidocr_onnxruntime"):
        EngineProcess([sys.executable, "-m", "bench.reading_worker", "rapidocr"])


def two_pictures() -> LabelledSet:
    def blank() -> np.ndarray:
        return np.zeros((8, 8, 3), np.uint8)

    pictures = (Picture("a", ("A",), "easy", blank, HELD_BACK), Picture("b", ("B",), "hard", blank, TUNED_ON))
    return LabelledSet("two", Subject.CODES, pictures)


def run_peers(log=None, known=None, **commands: list[str]):
    engines = [Engine(name, Subject.CODES, lambda: None, ()) for name in commands]

    def start(engine: Engine) -> EngineProcess:
        return EngineProcess(commands[engine.name])

    return run([two_pictures()], engines, start=start, log=log, known=known or {})


def test_a_missing_engine_is_left_out_with_its_reason_and_the_others_go_on(tmp_path: Path):
    results = run_peers(absent=[str(tmp_path / "none")], there=ANSWERS)
    assert "none" in results.missing["absent"]
    assert list(results.tallies["two"]) == ["there"]
    assert results.tallies["two"]["there"].read == 1


def test_pictures_that_an_engine_is_lost_on_are_counted_and_it_is_started_anew():
    tally = run_peers(dies=DIES).tallies["two"]["dies"]
    assert tally.verdicts == Counter({Verdict.LOST: 2})
    assert tally.lost == Counter({"ended with 3": 2})


def test_an_engine_that_is_lost_again_and_again_is_not_asked_any_more():
    blanks = two_pictures().pictures * 3
    started = []

    def start(engine: Engine) -> EngineProcess:
        started.append(engine.name)
        return EngineProcess(DIES)

    many = LabelledSet("many", Subject.CODES, blanks)
    tally = run([many], [Engine("dies", Subject.CODES, lambda: None, ())], start=start).tallies["many"]["dies"]
    assert len(started) == MOST_LOST
    assert tally.verdicts == Counter({Verdict.LOST: len(blanks)})


def test_a_run_that_was_cut_off_goes_on_where_it_was(tmp_path: Path):
    log = tmp_path / "build" / "run.jsonl"
    first = run_peers(log=log, there=ANSWERS).tallies["two"]["there"]
    again = run_peers(log=log, known=reading_log.load(log), there=DIES, more=ANSWERS)
    assert again.tallies["two"]["there"] == first
    assert again.versions["there"] == {"p": "1"}
    assert set(reading_log.load(log)) == {("two", "there"), ("two", "more")}


def test_a_log_of_something_else_is_refused_by_name(tmp_path: Path):
    (tmp_path / "run.jsonl").write_text('{"a": 1}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"run\.jsonl holds no results"):
        reading_log.load(tmp_path / "run.jsonl")


def test_a_real_engine_reads_a_drawn_permit_in_its_own_process():
    def shown() -> np.ndarray:
        chance = np.random.default_rng(1)
        return seen(code_flat(permit(1)), Sight(3), yard()[:480, :640], CODE_AT, chance).pixels

    labelled = LabelledSet("one", Subject.CODES, (Picture("p", (permit(1),), "clean", shown),))
    results = run([labelled], [ENGINES["zxing-cpp"]])
    tally = results.tallies["one"]["zxing-cpp"]
    assert tally.read == 1
    assert tally.peak_mb is not None
    assert tally.peak_mb > 10
    assert results.versions["zxing-cpp"] == {"zxing-cpp": version("zxing-cpp")}


def test_peers_run_in_their_own_environment_and_ours_in_this_one():
    assert command(ENGINES["ours, live"])[0] == sys.executable
    assert ".venv-reading" in command(ENGINES["rapidocr"])[0]


# ----------------------------------------------------------------------------------------- help that peers get


def test_a_peers_text_is_written_as_the_number_of_a_plate():
    assert as_number("京A·8873I") == "京A88731"
    assert as_number("498 VDZ 08") == "498VDZ08"


def test_of_all_texts_of_a_picture_those_count_that_can_be_plates():
    found = [(10.0, "TRUCK", 0.99), (50.0, "京A·88731", 0.8), (80.0, "12", 0.9)]
    assert plates_among(found) == [("京A88731", 0.8)]


def test_two_texts_under_one_another_count_as_a_plate_where_only_both_make_one():
    assert plates_among([(60.0, "96W16", 0.7), (40.0, "甘W", 0.9)]) == [("甘W96W16", 0.7)]


# -------------------------------------------------------------------------------------------------- pictures


def test_folders_of_photographs_become_sets_and_negatives_hold_no_code(tmp_path: Path):
    for name, payload in (("good", "A"), ("negatives", "")):
        folder = tmp_path / "qr" / name
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / "1.png"), np.full((9, 9, 3), 7, np.uint8))
        (folder / "labels.csv").write_text(f"file,payload,category\n1.png,{payload},any\n", encoding="utf-8")
    good, negatives = photographs(tmp_path)
    assert (good.name, good.empty, negatives.empty) == ("good", False, True)
    assert good.all_labels == {"A"}
    assert good.pictures[0].load().tolist() == np.full((9, 9, 3), 7).tolist()


def test_where_no_photographs_are_there_are_no_sets(tmp_path: Path):
    assert list(photographs(tmp_path / "none")) == []


def test_a_drawn_permit_says_all_that_a_permit_can_and_each_is_another():
    assert len(permit(0)) == 309
    assert len({permit(number) for number in range(50)}) == 50


def test_the_same_seed_draws_the_same_picture():
    condition = curve_views.CODE_CONDITIONS[1]
    first, second = (curve_views.code_view(condition, 1.5, 7).scene for _ in range(2))
    assert (first == second).all()


def test_a_drawn_code_stands_where_its_corners_say():
    view = seen(code_flat(permit(1)), Sight(4, tilt_deg=25, turn_deg=8), yard(), CODE_AT, np.random.default_rng(1))
    (code,) = zxingcpp.read_barcodes(view.pixels, formats=zxingcpp.BarcodeFormat.QRCode)
    around = code.position.top_left, code.position.top_right, code.position.bottom_right, code.position.bottom_left
    found = np.array([[point.x, point.y] for point in around], dtype=np.float32)
    flat = np.array([[0, 0], [65, 0], [65, 65], [0, 65]], dtype=np.float32)
    transform = cv2.getPerspectiveTransform(flat, view.corners)
    symbol = np.array([[[4, 4]], [[61, 4]], [[61, 61]], [[4, 61]]], dtype=np.float32)
    expected = cv2.perspectiveTransform(symbol, transform)[:, 0]
    assert np.abs(found - expected).max() < 4


@pytest.mark.parametrize(
    "worse",
    [Sight(4, motion=2), Sight(4, defocus=1.5), Sight(4, contrast=20)],
    ids=["moved", "out of focus", "low contrast"],
)
def test_a_worse_sight_leaves_less_contrast_between_modules(worse: Sight):
    def spread(sight: Sight) -> float:
        view = seen(code_flat(permit(1)), sight, yard(), CODE_AT, np.random.default_rng(1))
        return float(view.pixels[270:390, 180:300].std())

    assert spread(worse) < 0.8 * spread(Sight(4))


def test_glare_blinds_the_share_that_is_asked_for():
    def white(sight: Sight) -> float:
        view = seen(code_flat(permit(1)), sight, yard(), CODE_AT, np.random.default_rng(1))
        return float((view.pixels[200:460, 110:370] > 235).mean())

    assert white(Sight(4, noise=0)) < 0.01
    assert 0.07 < white(Sight(4, noise=0, glare=0.1)) < 0.16


def test_every_kind_of_plate_is_drawn_and_each_has_its_number(tmp_path: Path):
    labelled = plate_set(glyphs_in(tmp_path), 1)
    assert {picture.kind for picture in labelled.pictures} == {kind.value for kind in DrawnKind}
    assert all(picture.labels[0] for picture in labelled.pictures)


def test_the_number_of_a_kazakh_plate_of_two_lines_is_not_in_the_order_of_print(tmp_path: Path):
    plate = plate_of(glyphs_in(tmp_path), DrawnKind.KAZAKHSTAN_TWO_LINES, (1,))
    number, printed = written(plate)
    assert printed == plate.text
    assert number == plate.text[:3] + plate.text[5:] + plate.text[3:5]


# ------------------------------------------------------------------------------------------- tables and charts


def test_the_tables_name_every_engine_and_kind_with_its_counts():
    found = tables(run_peers(**{"zxing-cpp": ANSWERS}))
    assert "| zxing-cpp" in found["codes"]
    assert "1 = 50.0 %" in found["codes"]
    assert "hard" in found["codes-kinds"]
    halves = [[cell.strip() for cell in line.split("|")[1:-1]] for line in found["codes-halves"].splitlines()]
    assert halves[0] == ["half", "pictures", "with a label", "zxing-cpp"]
    assert ["held back: all", "1", "1", "1"] in halves
    assert ["tuned on: two", "1", "1", "0"] in halves
    assert "p 1" in found["engines"]


def test_a_table_goes_into_its_place_in_the_page_and_nothing_else_changes():
    page = "one\n<!-- table a -->\nold\n<!-- end -->\ntwo\n<!-- table b -->\nkept\n<!-- end -->\n"
    assert filled(page, {"a": "new"}) == page.replace("old", "new")
    with pytest.raises(ValueError, match="0 places for the table c"):
        filled(page, {"c": "new"})


def test_columns_stand_under_one_another_with_wide_letters_too():
    lines = markdown([["a", "b"], ["新A", "1"], ["x", "22"]]).splitlines()
    assert lines[2].startswith("| 新A | 1")
    assert lines[3].startswith("| x   | 22")


def test_bars_are_as_long_as_their_shares_and_any_name_may_stand_in_them():
    text = bar_chart.svg([bar_chart.Bars("a < b", [bar_chart.Bar("x & y", 0.5, "1 ms", ours=True)])])
    root = ET.fromstring(text)  # noqa: S314 - our own text
    widths = [float(rect.get("width")) for rect in root.findall("{*}rect")]
    assert widths[2] == widths[1] / 2
    assert "x & y" in "".join(root.itertext())


def test_small_diagrams_stand_side_by_side_with_one_legend():
    line = line_chart.Line("ours", [(3, 100), (1, 0)])
    panel = line_chart.Panel("Size", "pixels", [3, 2, 1], [0, 50, 100], [line])
    root = ET.fromstring(line_chart.grid([panel, panel, panel]))  # noqa: S314 - our own text
    assert "".join(root.itertext()).count("ours") == 1
    assert len(root.findall("{*}polyline")) == 3


def test_a_curve_falls_as_its_condition_gets_worse_and_an_engine_that_is_missing_is_named():
    size = replace(curve_views.CODE_CONDITIONS[0], levels=(3, 0.5))
    engines = [ENGINES["zxing-cpp"], replace(ENGINES["rapidocr"], here=True)]
    shares, troubles = curves.measure([size], engines, curve_views.code_view, 2)
    assert shares == {"Size": {"zxing-cpp": [1.0, 0.0]}}
    assert any("rapidocr: not measured" in trouble for trouble in troubles)
    assert "90 %" in curves.limits([size], shares)


def test_the_limit_is_the_last_level_before_too_few_are_read():
    condition = curve_views.Condition("Size", "pixels", "unit_px", (3, 2, 1), (3, 1))
    text = curves.limits([condition], {"Size": {"ours": [1.0, 0.95, 0.5], "peer": [0.4, 1.0, 1.0]}})
    cells = [cell.strip() for cell in text.splitlines()[2].split("|")[1:-1]]
    assert cells == ["Size", "pixels", "2", "-", "1", "-"]
