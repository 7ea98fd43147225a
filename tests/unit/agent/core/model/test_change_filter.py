"""What is told once until it changes."""

from agent.core.model.change_filter import ChangeFilter


def test_the_same_is_told_once_until_it_changes_or_is_over():
    reported = ChangeFilter()
    assert [reported.is_new(value) for value in ("full", "full", "gone", "gone", "full")] == [
        True,
        False,
        True,
        False,
        True,
    ]
    assert reported.clear()
    assert not reported.clear()
    assert reported.is_new("full")


def test_each_subject_is_for_itself():
    reported = ChangeFilter()
    assert reported.is_new("full", "disk")
    assert reported.is_new("full", "memory")
    assert reported.clear("disk")
    assert not reported.is_new("full", "memory")
