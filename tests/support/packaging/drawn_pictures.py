"""What holds for every picture that the tools draw."""

from itertools import combinations


def check_words_stand_apart(picture):
    """No words touch others or leave the card."""
    for one in picture.texts:
        room = one.room
        assert 0 < room.x0 < room.x1 < picture.width, one.words
        assert 0 < room.y0 < room.y1 < picture.height, one.words
    for one, other in combinations(picture.texts, 2):
        apart = one.room.x1 <= other.room.x0 or other.room.x1 <= one.room.x0
        assert apart or one.room.y1 <= other.room.y0 or other.room.y1 <= one.room.y0, (one.words, other.words)
