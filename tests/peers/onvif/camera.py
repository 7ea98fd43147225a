"""An ONVIF camera that others wrote (ipycam): python camera.py RTSP_PORT STREAM USER PASSWORD.

Prints the ports of its web service and of its search, then runs until its input ends. It serves no streams.
"""

import logging
import socket
import sys
import threading

import numpy as np
from ipycam.camera import IPCamera, ReusableThreadingTCPServer
from ipycam.config import CameraConfig
from ipycam.discovery import WSDiscoveryServer
from ipycam.http import IPCameraHTTPHandler

logging.disable()
rtsp_port, stream, user, password = sys.argv[1:]
config = CameraConfig(
    name="Foreign-1",
    local_ip="127.0.0.1",
    rtsp_port=int(rtsp_port),
    main_stream_name=stream,
    sub_stream_name=stream,
    username=user,
    password=password,
)
camera = IPCamera(config)
camera._last_frame = np.zeros((36, 64, 3), np.uint8)
IPCameraHTTPHandler.camera = camera
web = ReusableThreadingTCPServer(("127.0.0.1", 0), IPCameraHTTPHandler)
config.onvif_port = web.server_address[1]
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
    free.bind(("", 0))
    WSDiscoveryServer.MULTICAST_PORT = free.getsockname()[1]
search = WSDiscoveryServer(camera.onvif)
# It says hello to all networks of this machine, where only its own is meant.
search._send_announcement = lambda action: None
search.start()
threading.Thread(target=web.serve_forever, daemon=True).start()
sys.stdout.write(f"{config.onvif_port} {WSDiscoveryServer.MULTICAST_PORT}\n")
sys.stdout.flush()
sys.stdin.read()
