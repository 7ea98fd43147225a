"""Simulations: the demo of a whole site, the physics around a lane, and fleets of gates."""
