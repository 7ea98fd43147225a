"""Serial lines: ports, adapters, their faults, who has them open, and the trace of their bytes.

May open serial ports and read /sys, /dev and /proc. Knows no protocol. The only place that knows pyserial, in `line`.
"""
