"""What is recorded: the journal's writer, checkpoints, evidence, retention, and the start."""
