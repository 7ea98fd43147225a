"""The rules of one lane: a state machine from a vehicle's arrival to exactly one outcome."""
