"""Reads the VINs on labels of vehicles: barcodes (Code 39, Code 128), Data Matrix codes, and print."""
