"""The folding of records of which there may be a flood."""

from agent.core.model.flood_folder import FloodFolder, Folded
from agent.core.model.once_every import OnceEvery


def test_of_each_key_the_first_goes_at_once_and_the_others_later_as_one_with_their_number():
    folder = FloodFolder(OnceEvery(60.0))
    told = []
    for at, key in ((0.0, "a"), (1.0, "b"), (2.0, "a"), (3.0, "a")):
        folder.add(key, at)
        told += folder.due(at)
    assert told == [Folded("a", 0.0, 1), Folded("b", 1.0, 1)]
    assert folder.waiting == 2
    assert folder.due(59.9) == []
    assert folder.due(60.0) == [Folded("a", 3.0, 2)]
    assert folder.due(1000.0) == []


def test_the_rest_is_told_whether_due_or_not_and_only_once():
    folder = FloodFolder(lambda _key, _at: False)
    folder.add("a", 1, 5)
    folder.add("b", 2)
    folder.add("a", 3, 2)
    assert folder.due(0.0) == []
    assert folder.rest() == [Folded("a", 3, 7), Folded("b", 2, 1)]
    assert folder.rest() == []
    assert folder.waiting == 0
