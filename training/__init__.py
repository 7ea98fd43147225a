"""Draws plates and trains what reads them. Needs torch where it trains; never installed on a gate."""
