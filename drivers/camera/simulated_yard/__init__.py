"""The drawn yard: vehicles, plates and permits for the simulated camera."""
