"""What is written into the configuration of a gate of the site: its lanes, their devices, and the other gates."""

from tests.site_day import yard
from tests.site_day.kinds import CAMERA, POST
from tests.site_day.network_camera import RTSP_PORT

PLACE = "/run/board"
FOLDER = "/srv/yard"
"""What the yard reads and writes: on a disk of its own, which never fills up."""
TWO_LANES = f"""
[lanes.{CAMERA}]
number = 1
direction = "export"
close_mode = "agent"

[lanes.{CAMERA}.rules]
without_plate = "vin"

[lanes.{CAMERA}.driver_page]
enabled = true

# Long enough for a machine that does much at once.
[lanes.{CAMERA}.timing]
read_s = 8
decide_s = 8
open_s = 20
close_s = 20
stale_s = 5

[lanes.{CAMERA}.barrier]
open_channel = 5
close_channel = 6
red_channel = 7
green_channel = 8

[lanes.{CAMERA}.relay]
kind = "modbus_rtu"
port = "{PLACE}/{yard.BOARD}"
timeout_ms = 2000

[lanes.{CAMERA}.inputs]
kind = "modbus_rtu"
port = "{PLACE}/{yard.BOARD}"
timeout_ms = 2000

[lanes.{CAMERA}.signals]
presence = 1
safety = 2
opened = 3
closed = 4

[[lanes.{CAMERA}.signs]]
id = "sign"
kind = "onbon"
port = "{PLACE}/{yard.SIGN}"
languages = ["en"]
lines = 2
columns = 16
timeout_ms = 2000

[lanes.{CAMERA}.voice]
kind = "simulated"
languages = ["zh", "en"]

[lanes.{POST}]
number = 2
direction = "export"

[lanes.{POST}.rules]
require = "permit"

[lanes.{POST}.timing]
read_s = 2
gone_s = 0.5
blind_passage_s = 2
decide_s = 30
grant_s = 30

[lanes.{POST}.relay]
kind = "lcus"
port = "{PLACE}/{yard.POST_BOARD}"
channels = 2

[[lanes.{POST}.scanners]]
id = "post"
kind = "serial_lines"
port = "{PLACE}/{yard.SCANNER}"
"""
DRAWN = f'kind = "simulated"\nscene_file = "{FOLDER}/{yard.SCENE_FILE}"\nframe_rate_hz = 5\n'
STREAMED = f'kind = "opencv"\nurl = "rtsp://127.0.0.1:{RTSP_PORT}/live.mp4"\nread_timeout_ms = 4000\n'
FRONT = f"""
[[lanes.{CAMERA}.cameras]]
id = "front"
readers = ["qr", "plate", "vin"]
reading_deadline_s = 10
hang_s = 30
"""
NEIGHBOURS = """
[site]
brokers = ["mqtts://{host}:{port}"]
ca_file = "/etc/gate-agent/site-ca.pem"
certificate_file = "/etc/gate-agent/site.pem"
key_file = "/etc/gate-agent/site.key"
claim_timeout_s = {claim_s}
"""
NEIGHBOUR = """
[[site.gates]]
id = "{gate}"
public_key = "{key}"
"""
CLAIM_S = 5.0
