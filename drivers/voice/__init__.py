"""Drivers of sound devices that play recorded speech to the driver.

May start the player of the sound system as a child process with a time limit. Does not choose what to play.
"""
