"""How far the computer's clock can be trusted."""
