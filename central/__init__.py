"""What runs at the central side or at a trade window: issuing permits, publishing lists, sending commands.

Knows the core, brokers and MQTT, and nothing of a running gate.
"""
