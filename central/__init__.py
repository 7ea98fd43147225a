"""What runs at the central side or at the trade window: issuing permits, publishing lists, sending commands."""
