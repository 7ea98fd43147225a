"""The demo: a whole site on this machine, played through with eight vehicles."""
