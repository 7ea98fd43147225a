"""Drivers of devices. They import nothing from the agent.

May open devices, start threads, and wait for a limited time. The agent uses them through `drivers.api`.
`drivers.registry` loads a driver when it is needed, so importing a family of drivers loads none of them.
"""
