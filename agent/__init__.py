"""The gate agent: it decides at one vehicle gate and reports what happened."""
