"""What stands around the agent, as a pure model: vehicles, loops, photocell, arm and barrier controller."""
