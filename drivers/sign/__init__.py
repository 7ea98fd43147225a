"""Signs for the driver: LED cards on serial lines and TCP, and one in memory.

May send pages of text to a card, and ask it what it is. Writes no flash memory of a card and never uses its outputs: a
barrier is moved by the relay board alone.
"""
