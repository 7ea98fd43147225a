"""Drivers of devices; they know nothing of the agent."""
