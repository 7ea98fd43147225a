"""The basis of a long-running process: workers, the watchdog, readiness, privileges, and redaction of secrets.

Knows no part of the gate. Its face exports nothing, so a small command loads only the module that it needs.
"""
