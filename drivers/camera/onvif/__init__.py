"""Network cameras that speak ONVIF: found on the network, logged in to, and asked for their streams and a picture.

May send multicast UDP from each of this machine's addresses, and connect to the one camera that is asked. Loads no
picture library: what comes as a picture is handed on as bytes. Used while someone sets a gate up, and by nothing that
runs at a lane.
"""

from drivers.camera.onvif.discovery import find_cameras
from drivers.camera.onvif.errors import LoginRefusedError, NotOnvifError
from drivers.camera.onvif.own_addresses import LocalNetwork, local_networks
from drivers.camera.onvif.probe import FoundCamera
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
