"""Pictures kept as evidence, and those that wait to be sent."""
