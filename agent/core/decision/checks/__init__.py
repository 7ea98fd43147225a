"""The checks beyond the permit's own text, in their fixed order: each a function of one case that leaves one check."""
