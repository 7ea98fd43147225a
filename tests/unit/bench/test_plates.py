"""The bench of the plate match: what it does without the photographs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.plates import run_countries

if TYPE_CHECKING:
    from pathlib import Path


def test_a_country_whose_photographs_are_not_there_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "plates" / "kz_cars").mkdir(parents=True)
    (tmp_path / "plates" / "kz_cars" / "labels.csv").write_text("file,plate,region,source,box\n", encoding="utf-8")
    assert run_countries(tmp_path, [], lambda _: None) == {}
