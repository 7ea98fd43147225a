"""The command `gate-agent enrol`: the gate's client certificate, by a one-time token of the central side."""

from agent.cli.enrol.enrol import enrol_command

__all__ = ["enrol_command"]
