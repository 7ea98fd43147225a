"""The worker process that owns one camera and everything that touches pixels; it holds no secret and may crash.

May use cv2, numpy and the networks, inside its sandbox. Its face exports nothing, which keeps pixel code out of the
parent.
"""
