"""Digital inputs: loops, photocells, limit switches."""
