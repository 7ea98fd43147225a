"""Certificates for tests."""

from drivers.contracts.certificates import DAY, FAR_AHEAD, LONG_AGO, Authority

__all__ = ["DAY", "FAR_AHEAD", "LONG_AGO", "Authority"]
