"""Serial lines: ports, adapters, their faults, who has them open, and the trace of their bytes."""
