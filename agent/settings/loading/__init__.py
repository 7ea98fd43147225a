"""Loading a configuration: files, credentials, environment, and where each value is from."""
