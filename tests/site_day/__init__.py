"""A whole site as it is in life, on one machine: central, its gates in containers, a day of traffic, and troubles."""
