"""What `make stress` makes of the runs of pytest."""

import pytest

from tools.stress import StressFound, main, table

LOG = """\
..FEE                                                                    [100%]
=========================== short test summary info ============================
ERROR tests/races/test_a.py::test_of_b[1-2] - OSError: away
FAILED tests/unit/drivers/test_c.py::TestD::test_of_e - assert 1 == 2
ERROR tests/unit/drivers/test_c.py::TestD::test_of_e - left open
1 failed, 3 passed, 1 error in 12.00s
"""
E_FAILED = "tests/unit/drivers/test_c.py::TestD::test_of_e"


def test_each_test_that_failed_is_counted_with_its_reason_under_each_kind_of_stress():
    busy, half = StressFound(), StressFound()
    assert set(busy.add(LOG, 1, 12.0)) >= {E_FAILED}
    assert not busy.add("5 passed in 10.00s", 0, 10.0)
    half.add(LOG, 1, 30.0)
    assert (busy.failures[E_FAILED], busy.why[E_FAILED]) == (1, "assert 1 == 2")
    lines = table({"busy loops": busy, "half a core": half})
    assert lines[0].split() == ["busy", "loops", "half", "a", "core"]
    assert any(line.split() == [E_FAILED, "1", "of", "2", "1", "of", "1"] for line in lines)
    assert lines[-2].split() == ["runs", "2", "1"]
    assert lines[-1].split() == ["seconds", "a", "run", "11", "30"]


def test_a_run_that_did_not_come_to_its_end_is_a_failure():
    found = StressFound()
    assert set(found.add("INTERNALERROR", 3, 1.0)) == {"the run itself"}
    assert set(found.add("", 1, 1.0)) == {"the run itself"}
    assert found.failures["the run itself"] == 2


@pytest.mark.parametrize("option", ["--runs", "--at-once", "--workers"])
@pytest.mark.parametrize("value", ["0", "-1", "x"])
def test_nothing_at_all_is_never_green(option, value, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["stress", option, value, "tests/none.py"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert option in capsys.readouterr().err
