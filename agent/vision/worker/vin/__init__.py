"""Reads the VINs on labels of vehicles: bars (Code 39, Code 128) and Data Matrix."""
