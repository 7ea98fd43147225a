"""ONVIF network cameras: finds them on the network, logs in, and asks for their streams and a picture.

May send multicast UDP from each address of this machine, and connect to one camera at a time. Loads no picture library:
it passes pictures on as bytes. Only the setup of a gate uses it, never a lane.
"""

from drivers.camera.onvif.discovery import find_cameras
from drivers.camera.onvif.discovery_messages import FoundCamera
from drivers.camera.onvif.errors import LoginRefusedError, NotOnvifError
from drivers.camera.onvif.own_addresses import LocalNetwork, local_networks
from drivers.camera.onvif.session import CameraIdentity, CameraSession
from drivers.camera.onvif.streams import StreamChoice, VideoProfile, choose_streams

__all__ = [
    "CameraIdentity",
    "CameraSession",
    "FoundCamera",
    "LocalNetwork",
    "LoginRefusedError",
    "NotOnvifError",
    "StreamChoice",
    "VideoProfile",
    "choose_streams",
    "find_cameras",
    "local_networks",
]
