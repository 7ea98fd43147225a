"""Plain values that every rule knows: moments, observations, reasons, rows of lists."""
