"""The reading bench, by country: its sets, what is counted of each kind, and the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from bench import reading_log
from bench.reading import progress_of
from bench.reading_countries import by_country, by_reader
from bench.reading_engines import ENGINES, Subject
from bench.reading_ocr import plates_among
from bench.reading_run import Results
from bench.reading_score import Tally, Verdict, judged_plates, total
from bench.reading_sets import LabelledSet, Picture, photographs, sampled
from bench.reading_tables import tables

if TYPE_CHECKING:
    from pathlib import Path

OURS, PEER = "ours, live", "rapidocr v6"


def blank() -> np.ndarray:
    return np.zeros((8, 8, 3), np.uint8)


def labelled(name: str, *kinds: str) -> LabelledSet:
    pictures = tuple(Picture(f"{place}", (f"P{place}",), kind, blank) for place, kind in enumerate(kinds))
    return LabelledSet(name, Subject.PHOTOS, pictures)


def tally(*answers: tuple[str, Verdict, float | None, float]) -> Tally:
    """Of kind, verdict, confidence and ms."""
    found = Tally()
    for kind, verdict, confidence, ms in answers:
        found.add(verdict, kind, confidence=confidence, ms=ms)
    return found


KZ = tally(
    ("KZ: kazakhstan", Verdict.READ, 0.99, 10.0),
    ("KZ: kazakhstan", Verdict.WRONG, 0.95, 30.0),
    ("KZ: kazakhstan_1993", Verdict.WRONG, 0.5, 20.0),
    ("KZ: kazakhstan_1993", Verdict.NOTHING, None, 40.0),
)
CN = tally(("CN: civil", Verdict.READ, 0.9, 5.0))


@pytest.fixture
def results() -> Results:
    kz = labelled("kz_cars", "KZ: kazakhstan", "KZ: kazakhstan", "KZ: kazakhstan_1993", "KZ: kazakhstan_1993")
    cn = labelled("cn_cars", "CN: civil")
    found = Results([kz, cn])
    found.tallies = {"kz_cars": {OURS: KZ, PEER: Tally()}, "cn_cars": {OURS: CN, PEER: Tally()}}
    for kind in [picture.kind for picture in kz.pictures]:
        found.tallies["kz_cars"][PEER].add(Verdict.LOST, kind)
    found.tallies["cn_cars"][PEER].add(Verdict.NOTHING, "CN: civil", ms=400.0)
    return found


def cells(table: str, *begin: str) -> list[str]:
    """The cells of the row that begins with these."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    (row,) = (row for row in rows if row[: len(begin)] == list(begin))
    return row[len(begin) :]


def test_what_is_sure_is_counted_by_kind_and_apart_from_what_is_not():
    assert KZ.wrong_of_sure == (1, 2)
    assert KZ.of_kind("KZ: kazakhstan_1993").wrong_of_sure == (0, 0)
    assert total([KZ, CN]).wrong_of_sure == (1, 3)
    assert total([KZ, CN]).of_kind("CN: civil").read == 1


def test_a_readers_row_tells_right_wrong_none_sure_and_wrong_and_the_cost(results: Results):
    table = by_reader(results, results.sets)
    assert cells(table, "kz_cars (4)", OURS) == ["1", "25.0 %", "2", "1", "1 of 2", "25", "40", "-"]
    assert cells(table, "kz_cars (4)", PEER)[:5] == ["0", "0.0 %", "0", "4", "0 of 0"]


def test_the_table_by_country_tells_each_kind_and_the_country(results: Results):
    table = by_country(results, results.sets)
    assert cells(table, "KZ: kazakhstan", "2") == ["1 / 1 / 0; 1 of 2", "0 / 0 / 2; 0 of 0"]
    assert cells(table, "KZ: all", "4") == ["1 / 2 / 1; 1 of 2", "0 / 0 / 4; 0 of 0"]
    assert cells(table, "CN: civil", "1") == ["1 / 0 / 0; 0 of 1", "0 / 0 / 1; 0 of 0"]
    assert cells(table, "ms, median", "") == ["20", "400"]


def test_both_tables_are_among_those_of_a_run(results: Results):
    assert {"plates", "plates-countries"} <= set(tables(results))


def test_no_set_gives_no_table():
    assert by_reader(Results(), []) == by_country(Results(), []) == ""


def test_the_log_of_a_run_keeps_what_is_known_by_kind(tmp_path: Path):
    log = tmp_path / "run.jsonl"
    reading_log.append(log, "kz_cars", OURS, KZ)
    assert reading_log.load(log) == {("kz_cars", OURS): KZ}


def test_for_a_reader_that_knows_no_format_o_is_0_and_i_is_1():
    assert judged_plates(["O77OOO16"], ["077OOO16"]) is Verdict.WRONG
    assert judged_plates(["O77OOO16"], ["077OOO16"], alike=True) is Verdict.READ
    assert judged_plates(["077OOO17"], ["077OOO16"], alike=True) is Verdict.WRONG


@pytest.mark.parametrize("plate", ["01A777BC", "01777ABC", "10M001183", "A123BC777", "01KG123ABC", "498VDZ08"])
def test_plates_of_the_countries_round_the_border_are_found_among_the_texts_of_a_picture(plate: str):
    assert plates_among([(10.0, "SCANIA", 0.99), (50.0, plate, 0.8), (90.0, "24", 0.9)]) == [(plate, 0.8)]


def written_set(folder: Path, *rows: str) -> None:
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "1.png"), np.full((90, 4000, 3), 7, np.uint8))
    (folder / "labels.csv").write_text("file,plate,region\n" + "".join(f"1.png,{row}\n" for row in rows))


def test_every_folder_of_plates_is_a_set_and_one_of_crops_has_no_cut_outs(tmp_path: Path):
    written_set(tmp_path / "plates" / "uz_cars", "01777ABC,UZ", "01A777BC,UZ", "498VDZ08,KZ")
    written_set(tmp_path / "plates" / "some_crops", "京A12345,CN-京")
    (tmp_path / "plates" / "glyphs").mkdir()
    cars, cut, crops = photographs(tmp_path)

    assert (cars.name, cars.subject, cars.country) == ("uz_cars", Subject.PHOTOS, "UZ")
    assert (cut.name, cut.subject) == ("uz_cars, cut out", Subject.CROPS)
    assert (crops.name, crops.subject, crops.country) == ("some_crops", Subject.CROPS, "CN")
    assert cars.pictures[2].kind == "KZ: kazakhstan"
    assert cars.pictures[0].load().shape == (43, 1920, 3)


def test_a_sample_is_spread_over_the_whole_set():
    whole = labelled("many", *["CN: civil"] * 10)
    assert [picture.name for picture in sampled(whole, 4).pictures] == ["0", "2", "5", "7"]
    assert sampled(whole, 20) is whole


def test_the_progress_line_counts_engines_on_sets_of_their_subject(capsys: pytest.CaptureFixture[str]):
    told = progress_of([labelled("a", "x"), labelled("b", "x")], [ENGINES[OURS], ENGINES["zxing-cpp"]])
    told("a: ours, live")
    told("b: ours, live")
    assert [line.split()[0] for line in capsys.readouterr().err.split("\r")[1:]] == ["0/2", "1/2"]
