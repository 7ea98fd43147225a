"""Every proof there is, run in the order of its cost, and one report of all: `make prove`."""
