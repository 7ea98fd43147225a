"""The demo: a whole site on this machine, played through vehicle by vehicle."""
