"""The customs codes of the kinds of plates."""

import pytest

from agent.core.plates.customs_codes import NO_PLATE, NOT_KNOWN, customs_code
from agent.core.plates.formats import PlateKind

CODES = {
    PlateKind.CIVIL: "",
    PlateKind.CIVIL_YELLOW: "01",
    PlateKind.CIVIL_BLUE: "02",
    PlateKind.EMBASSY: "03",
    PlateKind.CONSULATE: "04",
    PlateKind.KAZAKHSTAN: "05",
    PlateKind.KAZAKHSTAN_1993: "05",
    PlateKind.KAZAKHSTAN_FOREIGN: "05",
    PlateKind.KAZAKHSTAN_DIPLOMATIC: "05",
    PlateKind.TRAILER: "15",
    PlateKind.LEARNER: "16",
    PlateKind.TRIAL: "18",
    PlateKind.TEMPORARY: "22",
    PlateKind.OVERSIZED: "22",
    PlateKind.POLICE: "23",
    PlateKind.HONG_KONG: "26",
    PlateKind.MACAO: "27",
    PlateKind.ARMED_POLICE: "31",
    PlateKind.NEW_ENERGY_LARGE: "51",
    PlateKind.NEW_ENERGY_SMALL: "52",
    PlateKind.LATIN: "",
    PlateKind.UZBEKISTAN: "05",
    PlateKind.UZBEKISTAN_TRAILER: "05",
    PlateKind.UZBEKISTAN_FOREIGN: "05",
    PlateKind.UZBEKISTAN_TEMPORARY: "05",
    PlateKind.UZBEKISTAN_DIPLOMATIC: "05",
    PlateKind.RUSSIA: "05",
    PlateKind.RUSSIA_TAXI: "05",
    PlateKind.RUSSIA_TRAILER: "05",
    PlateKind.RUSSIA_TRANSIT: "05",
    PlateKind.KYRGYZSTAN: "05",
    PlateKind.KYRGYZSTAN_1994: "05",
    PlateKind.KYRGYZSTAN_FOREIGN: "05",
    PlateKind.TAJIKISTAN: "05",
    PlateKind.TURKMENISTAN: "05",
    PlateKind.TURKMENISTAN_FOREIGN: "05",
    PlateKind.MONGOLIA: "05",
    PlateKind.BELARUS: "05",
    PlateKind.BELARUS_TRUCK: "05",
    PlateKind.BELARUS_TRAILER: "05",
}


@pytest.mark.parametrize("kind", PlateKind)
def test_each_kind_has_its_code_or_none(kind: PlateKind) -> None:
    assert customs_code(kind) == customs_code(kind.value) == CODES[kind]


def test_what_is_no_kind_has_no_code_and_none_is_that_of_a_vehicle_without_a_plate() -> None:
    assert customs_code("") == customs_code("cn") == NOT_KNOWN
    assert NO_PLATE not in CODES.values()
