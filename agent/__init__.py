"""The gate agent: decides at one vehicle gate and reports what happened."""
