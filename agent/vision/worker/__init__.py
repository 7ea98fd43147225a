"""The eye: the child process that owns one camera and everything that touches pixels."""
