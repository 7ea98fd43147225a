"""Drivers of cameras that read plates themselves.

May open one connection to a camera over the network and read one certificate file. Passes on what the camera says, and
does not judge it. Runs in a process of its own, because a camera is an untrusted computer.
"""
