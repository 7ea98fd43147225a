"""The console: the technician's page, served by the agent itself."""
