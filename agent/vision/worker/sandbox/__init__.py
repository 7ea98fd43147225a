"""What the worker takes from itself before it looks at the first pixel, so that whoever takes it over has nothing."""
