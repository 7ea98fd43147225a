"""How the figures of each proof are read from what it printed or wrote."""
