"""Simulations: the demo of a complete site, the physics of a lane, and fleets of gates.

May start processes and brokers on this machine. In the agent, only the command line imports this package.
"""
