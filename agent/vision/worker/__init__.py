"""The worker process that owns one camera and processes all its pixels. It has no secrets and may crash.

May use cv2, numpy and the neural networks, inside its sandbox. Its face exports nothing, so the parent process never
loads code for pixels.
"""
