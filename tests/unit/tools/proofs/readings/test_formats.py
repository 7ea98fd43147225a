"""The figures of the proofs that take hours: their output is made by the code that prints it, or as it prints it."""

import json
from collections import Counter

import pytest

from bench.figures import Figure, table
from tests.site_day.samples import DAY, GOOD, LANES, SPELLS
from tests.site_day.table import lines_of
from tests.soak.vision import Tally, report
from tools.proofs.proof import Output
from tools.proofs.readings.failures import lived_through, pictures_read, soaked, stressed
from tools.proofs.readings.measurements import measured_file, measured_table
from tools.proofs.readings.rules import guided_inputs
from tools.proofs.readings.systems import from_nothing, on_a_machine
from tools.proofs.readings.text import plain, rows
from tools.stress import StressFound
from tools.stress import table as stress_table

SOAK = """\
building and installing the product ...
3600 s, a vehicle every 6 s at each of four lanes, seed 7 ...
      1 s  0 vehicles, 0 pulses, 0 troubles; agent 105 MB, workers 380 MB, queue 3, 54 files, 31 threads

troubles      agent killed 66, broker killed 79, cable pulled 217
vehicles      2,513, 20.9 times the traffic of truck lanes: forged 210, valid 1,702
technician    live news 2,351, logged in 181
transactions  2,530 begun, 2,510 with an outcome, 20 cut short by a kill
events        21,484 recorded, 21,480 at central, lost 4, twice 0, invented 0; 2,230 came again on the wire; chain whole
grants        1,639 pulses; permits used twice 0, granted again after they were given back 46
code to relay p50 0.130 s, p99 5.600 s, slowest 8.000 s
memory        agent 105 to 152 MB, in its first life +2.0 MB an hour after the warm-up; workers at most 413 MB
build/soak.svg
WRONG: 4 events are lost
"""
MACHINE = """\
   12.3 s  installed from nothing beside a prepared configuration: enabled  [load 2]
   61.0 s  power cut 1 of 20 as the barrier is raised: 40 events whole, none lost, raised 1  [load 3]
    3.1 s  all steps held  [load 1]
"""
BARE = """\
  301.0 s  Debian 12, demo: 14 vehicles: all as it must be
 2810.0 s  Debian 13, test: FAILED: assert counted
"""
BOTH = ["readers attacked to the end", "inputs that broke a rule"]
GUIDED = """\
3 readers, 211 s each, 2 at once
reader                              inputs  found  ended
CBOR                             1,048,576      0    yes
GP1 texts                              612      0    yes
bytes of scanners                   90,000      0    yes

1,139,188 inputs in 330 s; the words of each reader are in build/fuzz
"""
BENCH = [
    Figure("decision to last relay byte, record aside, p99", 3.2, "ms", 5.0, note="n=600"),
    Figure("drain after an outage, mutual TLS, signed", 4210.0, "events/s", 4500.0, at_least=True),
    Figure("a share of nothing", 0.0, ""),
    Figure("codes and plates in labelled pictures", None, "%", note="the pictures are not there"),
    Figure("hardening score of the unit", None, "", note="make test: 1.4"),
]


def values(reading):
    return {one.what: one.value for one in reading.figures}


def missed(reading):
    return [one.what for one in reading.figures if one.kept is False]


def test_the_table_of_a_measurement_is_read_as_it_was_written():
    found = measured_table(Output(f"[1/2] relay: 600 pulses ...\n\n{table(BENCH)}\n\n1 of 2 goals kept\n"))
    assert list(found.figures) == [
        Figure("decision to last relay byte, record aside, p99", 3.2, "ms", 5.0, note="n=600"),
        Figure("drain after an outage, mutual TLS, signed", 4210.0, "events/s", 4500.0, at_least=True),
        Figure("a share of nothing", 0.0, ""),
    ]
    assert found.left_out == ("codes and plates in labelled pictures: the pictures are not there",)


def test_the_file_of_the_measurements_is_read_with_the_load_of_the_machine():
    about = {"load_before": 0.1, "load_after": 2.5}
    text = json.dumps({"about": about, "figures": [one.as_json() for one in BENCH]})
    found = measured_file(Output("", text))
    assert list(found.figures[:3]) == BENCH[:3]
    assert values(found)["load of the machine after"] == 2.5
    assert found.left_out == ("codes and plates in labelled pictures: the pictures are not there",)
    assert missed(found) == ["drain after an outage, mutual TLS, signed"]


def test_a_measurement_that_wrote_no_file_has_no_figures():
    assert values(measured_file(Output("Traceback"))) == {"figures": None}


def test_of_a_soak_the_rules_the_losses_and_the_growth_are_read():
    found = soaked(Output(SOAK))
    assert values(found) == {
        "rules broken": 1,
        "events lost": 4,
        "events twice": 0,
        "events invented": 0,
        "permits used twice": 0,
        "memory, growth": 2.0,
        "events": 21_484,
        "vehicles": 2513,
        "times the traffic of truck lanes": 20.9,
        "faults": 362,
        "code to relay, p50": 0.13,
        "code to relay, p99": 5.6,
    }
    assert missed(found) == ["rules broken", "events lost"]
    assert found.seed == "7"


def test_a_soak_without_root_and_one_too_short_to_know_its_growth_say_so():
    text = SOAK.replace("+2.0 MB", "not known MB").replace("3600 s", "not as root: the disk does not fill up\n3600 s")
    found = soaked(Output(text))
    assert found.left_out == ("not as root: the disk does not fill up",)
    assert values(found)["memory, growth"] is None


def test_of_a_day_at_a_site_the_rules_the_losses_and_the_times_are_read():
    begins = "  136.8 s  the day begins: 39 vehicles and 3 troubles in 240 s, seed 7\n"
    found = lived_through(Output(begins + "\n".join([*lines_of(GOOD, LANES, SPELLS, DAY), "WRONG: a", "WRONG: b", ""])))
    assert values(found) == {
        "rules broken": 2,
        "decisions wrong": 0,
        "events lost": 0,
        "events altered": 0,
        "pulses without a grant": 0,
        "permits used twice": 0,
        "arms moved onto a vehicle": 0,
        "vehicles": 2,
        "times the traffic of truck lanes": 0.5,
        "decisions right": 3,
        "events": 10,
        "troubles": 3,
        "code to relay with a camera, p50": 1.0,
        "code to relay with a camera, p99": 1.0,
    }
    assert found.seed == "7"
    assert values(lived_through(Output(begins)))["rules broken"] is None


def test_of_a_vision_worker_the_report_of_its_soak_is_read():
    tally = Tally(frames=100_000, presentations=81_230, took_s=900.0, memory=[(0, 380.0), (50_000, 400.0)])
    tally.memory.append((100_000, 425.0))
    found = pictures_read(Output(f"{report(tally)}\nWRONG: the memory grows\n"))
    assert values(found) == {
        "rules broken": 1,
        "pictures read": 100_000,
        "memory, growth": 50.0,
        "texts invented": 0,
        "restarts": 0,
        "codes read": 81_230,
    }
    assert missed(found) == ["rules broken", "memory, growth"]


def test_of_tests_under_stress_those_that_failed_are_counted():
    busy, half = StressFound(runs=1, seconds=60.0), StressFound(runs=2, seconds=80.0)
    well = "\n".join(["", *stress_table({"busy loops": busy, "half a core": half})])
    assert values(stressed(Output(well))) == {"tests that failed": 0, "runs under stress": 3}
    busy.failures = Counter({"tests/a.py::test_b": 1, "tests/a.py::test_c": 1})
    text = "\n".join(
        [
            "half a core: left out, for it needs root and control groups of the processor (denied)",
            "",
            *stress_table({"busy loops": busy, "half a core": half}),
        ]
    )
    found = stressed(Output(text))
    assert values(found) == {"tests that failed": 2, "runs under stress": 3}
    assert found.left_out == ("half a core: left out, for it needs root and control groups of the processor (denied)",)


def test_of_a_virtual_machine_steps_and_power_cuts_are_read():
    found = on_a_machine(Output(MACHINE))
    assert values(found) == {
        "steps that failed": 0,
        "power cuts that lost nothing": 1,
        "runs that reached the last step": 1,
        "steps": 3,
    }
    broken = on_a_machine(Output(MACHINE.replace("power cut 1", "FAILED: power cut 1")))
    assert missed(broken) == ["steps that failed", "power cuts that lost nothing"]


def test_of_a_bare_debian_the_steps_that_failed_are_counted():
    assert values(from_nothing(Output(BARE))) == {"steps": 2, "steps that failed": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GUIDED, (3, 0, 1_139_188, [])),
        (GUIDED.replace("612      0    yes", "612      2     no"), (2, 2, 1_139_188, BOTH)),
        (GUIDED[: GUIDED.index("bytes of")], (2, 0, None, BOTH[:1])),
        ("ModuleNotFoundError", (0, None, None, BOTH[:1])),
    ],
)
def test_of_a_guided_attack_the_readers_the_inputs_and_the_crashes_are_read(text, expected):
    reading = guided_inputs(Output(text))
    assert (*(figure.value for figure in reading.figures), missed(reading)) == expected


def test_of_a_terminal_only_the_words_are_read():
    assert plain("\x1b[1msetup:\x1b[0m making\r\x1b[K    1 s  day 1\r\n") == "setup: making\n    1 s  day 1\n"


def test_of_several_tables_the_last_one_is_read():
    text = "case  lost\na     1\n\ncase  lost\n----------\na b   0  ok; all\n\nthe end  of  it\n"
    assert rows(text, "case") == [{"case": "a b", "lost": "0", "verdict": "ok; all"}]
    assert rows("nothing", "case") == []
