"""Reading licence plates from frames."""
