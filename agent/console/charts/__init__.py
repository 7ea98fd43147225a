"""Charts, drawn on the gate as SVG: one drawing for each width of screen, colours by classes of the console's CSS."""
