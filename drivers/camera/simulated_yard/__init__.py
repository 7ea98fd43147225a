"""The simulated yard: vehicles, plates and permits for the simulated camera."""
