"""Simulations: the demo of a whole site, the physics around a lane, and fleets of gates.

May start processes and brokers on this machine; nothing that runs at a gate knows of it.
"""
