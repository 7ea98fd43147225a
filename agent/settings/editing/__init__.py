"""Changes a configuration: proposals, revisions, history, and the last known good version."""
