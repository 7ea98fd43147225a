"""What is told once until it changes."""

from agent.core.model.report_once import ReportOnce


def test_the_same_is_told_once_until_it_changes_or_is_over():
    reported = ReportOnce()
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
    reported = ReportOnce()
    assert reported.is_new("full", "disk")
    assert reported.is_new("full", "memory")
    assert reported.clear("disk")
    assert not reported.is_new("full", "memory")


def test_none_is_a_value_like_any_other():
    reported = ReportOnce()
    assert reported.is_new(None)
    assert not reported.is_new(None)
    assert reported.clear()


def test_a_subject_that_another_thread_clears_meanwhile_is_no_fault():
    class Subject:
        """One whose every lookup is followed by the other thread's `clear`."""

        cleared = 0

        def __hash__(self) -> int:
            if not self.cleared:
                self.cleared = 1
            elif self.cleared == 1:
                self.cleared = 2
                reported.clear(self)
            return 0

    reported, subject = ReportOnce(), Subject()
    subject.cleared = 2
    reported.is_new("full", subject)
    subject.cleared = 0
    assert not reported.is_new("full", subject)
