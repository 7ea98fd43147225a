"""Cameras: network streams, USB cameras, clips, folders of pictures, and a simulated yard.

May open devices, connections and files, and process pixels. Only the worker process of a camera loads the drivers.
Other processes may load `settings`, and `onvif` to search for cameras.
"""
