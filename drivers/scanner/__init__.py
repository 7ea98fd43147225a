"""Drivers of QR scanners.

May listen on serial lines. Passes on texts unchanged, and does not judge them.
"""
