"""Search for vehicles: an index beside the journal, searches, timelines, comparisons, and PDF."""
