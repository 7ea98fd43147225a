"""Vehicles as people look for them: an index beside the journal, searches, stories, comparisons, and PDF."""
