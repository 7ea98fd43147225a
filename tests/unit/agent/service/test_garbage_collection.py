"""While modules are loaded, nobody looks for garbage; afterwards all is as it was."""

import gc

import pytest

from agent.service.garbage_collection import leave_loaded_alone, loading


@pytest.fixture(autouse=True)
def as_before():
    collects = gc.isenabled()
    yield
    (gc.enable if collects else gc.disable)()


@pytest.mark.parametrize("before", [gc.enable, gc.disable])
def test_garbage_is_left_alone_while_modules_are_loaded_and_collected_afterwards_as_before(before):
    before()
    collects = gc.isenabled()
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled() is collects


def test_garbage_is_collected_again_where_a_module_cannot_be_loaded():
    gc.enable()
    with pytest.raises(ImportError), loading():
        raise ImportError
    assert gc.isenabled()


def test_what_was_loaded_is_left_alone_by_later_searches_and_what_comes_after_is_not():
    loaded = ["a module's"]
    try:
        leave_loaded_alone()
        later = ["made later"]
        searched = {id(one) for one in gc.get_objects()}
        assert id(loaded) not in searched
        assert id(later) in searched
    finally:
        gc.unfreeze()
