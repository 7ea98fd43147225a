"""The rights that the worker gives up before it reads the first pixel, so an attacker who takes it over has none."""
