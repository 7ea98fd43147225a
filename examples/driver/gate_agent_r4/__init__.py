"""The relay board R4: its driver, and the board itself in software."""
