"""What makes it a service: clock, logs, readiness, watchdog."""
