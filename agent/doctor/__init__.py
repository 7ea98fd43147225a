"""Looks at everything that a gate needs, and says what is wrong with it and how it is mended.

Facts are gathered by `gathering`, judged by `judging`, which is pure, and told in four languages by `words`.
"""
