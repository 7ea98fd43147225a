"""The programs of central and of permit issuers: they issue permits, publish lists and send commands.

Uses the core, the broker settings and the MQTT code of the agent. Imports nothing that runs a gate, such as its lanes.
"""
