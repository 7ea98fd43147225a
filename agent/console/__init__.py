"""The technician's web pages, served by the agent itself.

May serve HTTP and read every part of the running gate through `dependencies`; what it orders goes to a lane or into the
configuration.
"""
