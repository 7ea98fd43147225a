"""Drivers of QR scanners."""
