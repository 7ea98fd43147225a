"""The command `gate-agent enrol`: gets the gate's client certificate with a one-time token from central."""

from agent.cli.enrol.enrol import enrol_command

__all__ = ["enrol_command"]
