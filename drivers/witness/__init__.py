"""Drivers of cameras that read plates by themselves.

May open one connection to a camera over the network and read one certificate file. What they read is what a camera
says: what that is worth, others say. Made to run in a process of their own, because a camera is an untrusted computer.
"""
