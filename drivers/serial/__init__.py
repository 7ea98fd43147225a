"""Serial lines: ports, adapters, their faults, which process has a port open, and the trace of their bytes.

May open serial ports and read /sys, /dev and /proc. Knows no protocol. Only its module `line` imports pyserial.
"""
