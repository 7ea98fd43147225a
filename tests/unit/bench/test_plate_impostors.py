"""The plates that somebody could come with instead of the declared one, in the countries whose plates are measured."""

from __future__ import annotations

import pytest

from bench.plate_impostors import KINDS, NEIGHBOUR, PROVINCE, impostors


@pytest.mark.parametrize(
    ("plate", "neighbours"),
    [
        ("新A12345", {"新A12344", "新A12346"}),
        ("川AN4E10", {"川AN4E11", "川AN4E19"}),
        ("010VPA01", {"009VPA01", "011VPA01"}),
        ("581FNA01", {"580FNA01", "582FNA01"}),
        ("01227VSF", {"01226VSF", "01228VSF"}),
        ("01A227VS", {"01A226VS", "01A228VS"}),
    ],
)
def test_the_neighbours_of_a_plate_are_those_issued_before_and_after_it(plate: str, neighbours: set[str]) -> None:
    assert impostors(plate)[NEIGHBOUR] == neighbours


def test_only_a_plate_with_a_province_has_impostors_of_other_provinces() -> None:
    assert {"京A12345", "川A12345"} < impostors("新A12345")[PROVINCE]
    assert impostors("581FNA01")[PROVINCE] == set()


@pytest.mark.parametrize("plate", ["新A12345", "581FNA01", "01A227VS"])
def test_every_impostor_is_another_plate_of_the_same_length(plate: str) -> None:
    found = impostors(plate)
    assert tuple(found) == KINDS
    for texts in found.values():
        assert plate not in texts
        assert {len(text) for text in texts} <= {len(plate)}
