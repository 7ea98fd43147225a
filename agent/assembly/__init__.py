"""The gate, put together: every part is made here, started and stopped in order."""
