"""Drivers of devices; they know nothing of the agent.

May open devices, start threads, and wait with a bound. The agent knows them by `api`; `registry` loads each only where
it is used, so no family's face brings a driver.
"""
