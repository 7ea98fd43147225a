"""The cameras as the gate sees them: their worker processes, and what those tell."""
