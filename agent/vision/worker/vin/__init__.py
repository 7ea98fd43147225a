"""Reads the VINs on labels of vehicles: in bars (Code 39, Code 128), in Data Matrix, and in print."""
