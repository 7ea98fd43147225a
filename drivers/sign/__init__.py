"""Signs for the driver: LED cards on serial lines and TCP, and one in memory.

May send pages of text to a card, and ask the card for its type. It never writes to the flash memory of a card and never
uses its outputs. Only the relay board moves a barrier.
"""
