"""Reads QR codes from frames."""
