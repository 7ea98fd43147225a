"""Collects facts: reads the machine, the files, the devices and the brokers, and moves nothing."""
