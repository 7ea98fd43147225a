"""What a technician answers to the questions of `gate-agent setup`."""

GATE = ("khorgos-7", "17", "exit-1", "1", "export")
SIMULATED = (
    "none yet: a simulated board, to be replaced later",
    "none yet: a simulated scene, to be replaced later",
    "front",
)
