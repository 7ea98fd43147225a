"""Charts as SVG, drawn by the gate: one drawing for each screen width, with colours from the CSS classes."""
