"""The shell of one lane: its thread, its orders from officers, its interlock with other lanes."""
