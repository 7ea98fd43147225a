"""Drivers of sound devices that play recorded speech to the driver.

May start the player of the sound system, as a bounded child process. What is said when, others decide.
"""
