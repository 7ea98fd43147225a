"""What the gate records and publishes: event types, messages, the hash chain and its proof."""
