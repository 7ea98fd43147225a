"""The clock of the computer: read here alone, watched, and its floors kept."""
