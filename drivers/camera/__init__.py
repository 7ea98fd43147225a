"""Cameras: network streams, USB cameras, clips, folders of pictures, and a yard that is drawn.

May open devices, connections and files, and touch pixels. Loaded in the worker process of a camera alone; light are
`settings`, and `onvif`, by which a technician looks for cameras.
"""
