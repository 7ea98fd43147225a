"""The whole agent under traffic with all faults mixed, for as long as wanted: `python -m tests.soak`."""
