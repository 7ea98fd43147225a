"""Trains the detector of plates: scenes, targets, network, judgement."""
