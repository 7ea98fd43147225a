"""Drivers of QR scanners.

May listen on serial lines. Passes on texts as they came: what one is worth, others say.
"""
