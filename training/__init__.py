"""Draws plates and trains what reads them. Needs torch where it trains; never installed on a gate."""

import os

# Without it onnxruntime writes an identifier into the user's folder and sends reports to its maker.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
