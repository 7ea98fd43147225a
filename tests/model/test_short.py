"""The short form of `make model`: each machine as far as its first states, and the faults that show there."""

import pytest

from tests.model.counterexample import replay
from tests.model.explorer import explore
from tests.model.faults import FAULTS, found
from tests.model.machines import CORES, MACHINES, WHOLE_S, machine


@pytest.mark.parametrize("name", MACHINES)
def test_no_rule_breaks_within_the_first_states(name):
    row = MACHINES[name]
    found = explore(name, row.make(), row.short)
    for breach, inputs in found.breaches.items():
        replay(machine(name), inputs)
        pytest.fail(f"{breach}: {inputs}")
    assert found.states > row.short.states or found.is_complete


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_is_put_in_by_hand_is_found_with_the_inputs_that_show_it(name):
    _, breach, lines = found(FAULTS[name])
    assert any(breach in line for line in lines), "the inputs show it once more"


def test_the_whole_form_takes_half_an_hour_on_two_cores_at_most():
    assert sum(row.whole.seconds for row in MACHINES.values()) <= WHOLE_S * CORES
