"""The barrier of a lane: the relay board, its relays over time, and what they are for."""
